#include "tell/record_file.h"
#include "base/lock.h"
#include "base/options.h"
#include "base/print.h"
#include "space/kernel.h"
#include "tell/build_ids.h"

#include <errno.h>
#include <string.h>

#define MAPPINGS_BYTES (4 * MIB)
#define COMMAND_BYTES  4096

static int record_fd = -1;
static uint64_t record_identity; /* of the file that record_fd was opened for: the program may have closed it */
static struct lock mappings_lock;
static uint64_t mappings_hash; /* of what the reader knows; mappings_lock */

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

static const char *why_not(int error) {
  switch (error) {
  case ENOENT:
    return "there is no such directory";
  case EACCES:
  case EPERM:
  case EROFS:
    return "this user may not write it";
  case ENOTDIR:
    return "part of the path is no directory";
  case EISDIR:
    return "it is a directory";
  case EMFILE:
  case ENFILE:
    return "there are too many open files";
  default:
    return "it can't be opened";
  }
}

void report_announce(void) {
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
    warn("report_file=", options.report_file,
         ": can't be written: ", record_fd < 0 ? why_not(-record_fd) : "the file takes no more",
         "; reports come on standard error", NULL);
}

/* Only lines of code count: stacks and heaps come and go. */
static uint64_t hash_code_lines(const char *text, size_t length) {
  uint64_t hash = HASH_START;
  for (const char *line = text, *end = text + length; line < end;) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    size_t bytes = newline != NULL ? (size_t)(newline - line) + 1 : (size_t)(end - line);
    const char *blank = memchr(line, ' ', bytes);
    if (blank != NULL && blank + 3 < line + bytes && blank[3] == 'x')
      hash = hash_add(hash, line, bytes);
    line += bytes;
  }
  return hash;
}

/* In what the text leaves of the room behind it. */
static void write_build_ids(const char *text, size_t length, size_t room) {
  size_t used = align_up(length, sizeof(uint64_t));
  struct fh_record_build_ids *record = (struct fh_record_build_ids *)(void *)(uintptr_t)(text + used);
  if (used + sizeof *record > room)
    return;
  build_ids_collect(text, length, record, room - used);
  report_append(&record->head);
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
    if (hash != mappings_hash && report_append(&record->head)) {
      mappings_hash = hash;
      write_build_ids(text, length, room);
    }
  }
  if (at > 0 || at < -4095)
    kernel.release((uintptr_t)at, MAPPINGS_BYTES);
  lock_drop(&mappings_lock);
}

void report_fill_stack(struct fh_report_stack *stack, stack_id id, uint32_t thread) {
  uintptr_t frames[FH_STACK_FRAMES];
  stack->count = (uint32_t)stack_load(id, frames, FH_STACK_FRAMES);
  for (size_t i = 0; i < stack->count; i++)
    stack->frames[i] = frames[i];
  stack->thread = thread;
}
