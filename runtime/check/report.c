#include "check/report.h"
#include "check/stop.h"
#include "space/kernel.h"
#include "tell/record_file.h"
#include "trace/report_text.h"

#include <string.h>
#include <unistd.h>

#define SEEN_ENTRIES 4096u
#define SEEN_FRAMES  6 /* of the innermost frames: what makes two reports the same */

static uint64_t seen[SEEN_ENTRIES]; /* atomic; hashes of what was reported */
static size_t written, dropped;     /* atomic */
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

void report_start(void) {
  this_thread = 0;
  report_announce();
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
  uint64_t hash = hash_add(HASH_START, &report->kind, sizeof report->kind);
  const struct fh_report_stack *stack = report->kind == FH_REPORT_LEAK ? &report->object.allocated : &report->at;
  size_t frames = report->kind == FH_REPORT_LEAK ? FH_STACK_FRAMES : SEEN_FRAMES;
  hash = hash_add(hash, &report->flags, sizeof report->flags);
  hash = hash_add(hash, stack->frames, (stack->count < frames ? stack->count : frames) * sizeof *stack->frames);
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
    report_text_print(report, STDERR_FILENO);
  stop_after(report);
  return true;
}
