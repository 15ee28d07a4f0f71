#include "check/report.h"
#include "base/lock.h"
#include "base/options.h"
#include "base/print.h"
#include "check/report_text.h"
#include "space/kernel.h"

#include <string.h>

#define SEEN_ENTRIES   4096u
#define SEEN_FRAMES    6 /* of the innermost frames: what makes two reports the same */
#define MAPPINGS_BYTES (4 * MIB)
#define COMMAND_BYTES  4096

static uint64_t seen[SEEN_ENTRIES]; /* atomic; hashes of what was reported */
static size_t written, dropped;     /* atomic */
static int record_fd = -1;
static uint64_t record_identity; /* of the file that record_fd was opened for: the program may have closed it */
static struct lock mappings_lock;
static uint64_t mappings_hash; /* of what the reader knows; mappings_lock */
static __thread uint32_t this_thread;

size_t report_count(void) {
  return __atomic_load_n(&written, __ATOMIC_RELAXED);
}
size_t report_dropped(void) {
  return __atomic_load_n(&dropped, __ATOMIC_RELAXED);
}

uint32_t report_thread(void) {
  if (UNLIKELY(this_thread == 0))
    this_thread = kernel_thread_id();
  return this_thread;
}

/* ---- The file. ---- */

bool report_append(struct fh_record_head *head) {
  if (options.report_file[0] == '\0')
    return false;
  head->magic = FH_RECORD_MAGIC;
  head->version = FH_RECORD_VERSION;
  head->pid = kernel_process_id();
  /* The kept descriptor serves processes that have changed their root or their user; the path those that close all. */
  if (record_fd < 0 || kernel_file_identity(record_fd) != record_identity) {
    record_fd = kernel_open_append(options.report_file);
    record_identity = record_fd >= 0 ? kernel_file_identity(record_fd) : 0;
  }
  return record_fd >= 0 && kernel_append(record_fd, head, head->bytes) == (long)head->bytes;
}

void report_start(void) {
  this_thread = 0;
  if (options.report_file[0] == '\0')
    return;
  mappings_hash = 0;
  struct {
    struct fh_record_process record;
    char command[COMMAND_BYTES];
  } start = {.record = {.head = {.type = FH_RECORD_PROCESS}}};
  long length = kernel_read_file("/proc/self/cmdline", start.command, sizeof start.command);
  start.record.parent = kernel_parent_id();
  start.record.bytes = length > 0 ? (uint32_t)length : 0;
  start.record.head.bytes = (uint32_t)sizeof start.record + start.record.bytes;
  if (!report_append(&start.record.head))
    warn("report_file: ", options.report_file, ": can't be written; reports come on standard error", NULL);
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t length) {
  for (size_t i = 0; i < length; i++)
    hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
  return hash;
}

/* Only lines of code count: stacks and heaps come and go. */
static uint64_t hash_code_lines(const char *text, size_t length) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const char *line = text, *end = text + length; line < end;) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    size_t bytes = newline != NULL ? (size_t)(newline - line) + 1 : (size_t)(end - line);
    const char *blank = memchr(line, ' ', bytes);
    if (blank != NULL && blank + 3 < line + bytes && blank[3] == 'x')
      hash = hash_bytes(hash, line, bytes);
    line += bytes;
  }
  return hash;
}

void report_mappings(void) {
  if (options.report_file[0] == '\0' || !lock_try(&mappings_lock))
    return; /* somebody is at it */
  intptr_t at = kernel.reserve(MAPPINGS_BYTES);
  if ((at > 0 || at < -4095) && kernel.commit((uintptr_t)at, MAPPINGS_BYTES) == 0) {
    struct fh_record_mappings *record = (struct fh_record_mappings *)at;
    char *text = (char *)(record + 1);
    size_t room = MAPPINGS_BYTES - sizeof *record, length = 0;
    long fd = kernel_open_file("/proc/self/maps"), got;
    while (fd >= 0 && length < room && (got = kernel_read((int)fd, text + length, room - length)) > 0)
      length += (size_t)got;
    if (fd >= 0)
      kernel_close((int)fd);
    uint64_t hash = hash_code_lines(text, length);
    record->head.type = FH_RECORD_MAPPINGS;
    record->head.bytes = (uint32_t)(sizeof *record + length);
    record->bytes = (uint32_t)length;
    if (hash != mappings_hash && report_append(&record->head))
      mappings_hash = hash;
  }
  if (at > 0 || at < -4095)
    kernel.release((uintptr_t)at, MAPPINGS_BYTES);
  lock_drop(&mappings_lock);
}

/* ---- The report. ---- */

static void begin(struct fh_report *report, enum fh_report_kind kind) {
  memset(report, 0, sizeof *report);
  report->head.type = FH_RECORD_REPORT;
  report->head.bytes = sizeof *report;
  report->kind = kind;
  report->count = 1;
  report->at.thread = report_thread();
  kernel_thread_name(report->at.thread_name);
}

static void fill_frames(struct fh_report_stack *stack, const uintptr_t *frames, size_t count) {
  stack->count = (uint32_t)count;
  for (size_t i = 0; i < count; i++)
    stack->frames[i] = frames[i];
}

void report_begin(struct fh_report *report, enum fh_report_kind kind, struct stack_place place) {
  begin(report, kind);
  uintptr_t frames[FH_STACK_FRAMES];
  bool cut;
  fill_frames(&report->at, frames, stack_unwind(place, frames, FH_STACK_FRAMES, &cut));
  report->at.cut = cut;
}

void report_begin_at_fault(struct fh_report *report, enum fh_report_kind kind, const ucontext_t *context) {
  begin(report, kind);
  uintptr_t frames[FH_STACK_FRAMES];
  bool cut;
  fill_frames(&report->at, frames, stack_unwind_context(context, frames, FH_STACK_FRAMES, &cut));
  report->at.cut = cut;
  report->at.exact = 1;
}

void report_fill_stack(struct fh_report_stack *stack, stack_id id, uint32_t thread) {
  uintptr_t frames[FH_STACK_FRAMES];
  fill_frames(stack, frames, stack_load(id, frames, FH_STACK_FRAMES));
  stack->thread = thread;
}

void report_add_object(struct fh_report *report, const struct object_record *record) {
  struct fh_report_object *object = &report->object;
  object->start = record->start;
  object->bytes = record->bytes;
  object->state = record->state;
  object->guarded = !record->fenced;
  object->made_by = record->made_by;
  report_fill_stack(&object->allocated, record->allocated, record->allocated_thread);
  if (record->state == FH_OBJECT_FREED) {
    object->freed_by = record->freed_by;
    report_fill_stack(&object->freed, record->freed, record->freed_thread);
  }
  if (record->earlier_allocated != 0) {
    report->earlier.start = record->start;
    report->earlier.bytes = record->earlier_bytes;
    report->earlier.state = FH_OBJECT_FREED;
    report_fill_stack(&report->earlier.allocated, record->earlier_allocated, 0);
    report_fill_stack(&report->earlier.freed, record->earlier_freed, 0);
  }
}

static uint64_t report_hash(const struct fh_report *report) {
  uint64_t hash = hash_bytes(0xcbf29ce484222325u, &report->kind, sizeof report->kind);
  const struct fh_report_stack *stack = report->kind == FH_REPORT_LEAK ? &report->object.allocated : &report->at;
  size_t frames = report->kind == FH_REPORT_LEAK ? FH_STACK_FRAMES : SEEN_FRAMES;
  hash = hash_bytes(hash, &report->flags, sizeof report->flags);
  hash = hash_bytes(hash, stack->frames, (stack->count < frames ? stack->count : frames) * sizeof *stack->frames);
  return hash | 1;
}

/* Whether it was not there before; remembers it. A full table forgets nothing: then everything counts as new. */
static bool is_new(uint64_t hash) {
  for (size_t i = 0; i < 16; i++) {
    uint64_t expected = 0, *entry = &seen[(hash + i) % SEEN_ENTRIES];
    if (__atomic_compare_exchange_n(entry, &expected, hash, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
      return true;
    if (expected == hash)
      return false;
  }
  return true;
}

bool report_write(struct fh_report *report) {
  bool fatal = (report->flags & FH_REPORT_FATAL) != 0;
  if (!is_new(report_hash(report)) || (report_count() >= REPORTS_MOST && !fatal)) {
    __atomic_add_fetch(&dropped, 1, __ATOMIC_RELAXED);
    return false;
  }
  __atomic_add_fetch(&written, 1, __ATOMIC_RELAXED);
  /* At the end nothing is loaded any more, and leaks are many. */
  static bool leaks_mapped;
  if (report->kind != FH_REPORT_LEAK || !leaks_mapped)
    report_mappings();
  leaks_mapped = report->kind == FH_REPORT_LEAK;
  if (!report_append(&report->head))
    report_text_print(report);
  if (options.stop && report->kind != FH_REPORT_LEAK)
    die();
  return true;
}
