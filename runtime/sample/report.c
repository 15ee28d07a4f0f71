#include "sample/report.h"
#include "base/lock.h"
#include "base/options.h"
#include "base/print.h"
#include "space/kernel.h"
#include "trace/modules.h"
#include "trace/report_text.h"
#include "trace/rule_cache.h"
#include "trace/stack.h"

#include <sys/auxv.h>
#include <unistd.h>

/* Of the library's own frames, on top of those that are kept. */
#define OWN_FRAMES_MOST 16u

/* This library's addresses, where it is a file of its own; fixed after start. */
static struct module own;

void sample_report_start(void) {
  struct module module;
  uintptr_t here = (uintptr_t)sample_report_start, program = getauxval(AT_ENTRY);
  if (module_find(here, &module) && (program < module.start || program >= module.end))
    own = module;
}

/* In a function of its own, which has a caller that it can start from. */
static NOINLINE size_t unwind_here(uintptr_t *frames, size_t most) {
  return stack_unwind(STACK_HERE(), frames, most, NULL);
}

size_t sample_stack(uintptr_t *frames, size_t most) {
  uintptr_t all[SAMPLED_FRAMES + OWN_FRAMES_MOST];
  rules_check_modules(); /* nobody tells when a file is unloaded, and another one may be in its place */
  size_t count = unwind_here(all, ARRAY_LENGTH(all)), first = 0, kept = 0;
  while (first < count && all[first] - own.start < own.end - own.start)
    first++;
  while (kept < most && first < count)
    frames[kept++] = all[first++];
  return kept;
}

static void note_frames(struct fh_report_stack *to, const uintptr_t *frames, size_t count, uint32_t thread) {
  to->count = (uint32_t)count;
  to->thread = thread;
  for (size_t i = 0; i < count; i++)
    to->frames[i] = frames[i];
}

static void note_stack(struct fh_report_stack *to, const struct sampled_stack *from) {
  /* Another thread may be writing it: then it is not whole, but no longer than it can be. */
  size_t count = from->count < SAMPLED_FRAMES ? from->count : SAMPLED_FRAMES;
  note_frames(to, from->frames, from->thread != 0 ? count : 0, from->thread);
}

static void note_place(struct fh_report_stack *to, const ucontext_t *context) {
  uintptr_t frames[SAMPLED_FRAMES];
  size_t count = context != NULL ? stack_unwind_context(context, frames, ARRAY_LENGTH(frames), NULL)
                                 : sample_stack(frames, ARRAY_LENGTH(frames));
  note_frames(to, frames, count, kernel_thread_id());
  to->exact = context != NULL;
}

/* What was found by the free that is at work on the object happened while it was live. */
static void note_object(struct fh_report_object *to, const struct sampled_object *from, bool late) {
  to->start = from->start;
  to->bytes = from->bytes;
  to->guarded = 1;
  to->made_by = FH_FAMILY_MALLOC;
  to->state = late || sampled_state(from) == SAMPLED_LIVE ? FH_OBJECT_LIVE : FH_OBJECT_FREED;
  note_stack(&to->allocated, &from->allocated);
  if (to->state == FH_OBJECT_FREED)
    note_stack(&to->freed, &from->freed);
}

static void note_call(struct fh_report *report, const char *call) {
  for (size_t i = 0; i + 1 < sizeof report->call && call[i] != '\0'; i++)
    report->call[i] = call[i];
}

/* ---- Where to. ---- */

/* The path of the option sample_file, with %p filled in. */
static void file_path(struct text *path) {
  text_clear(path);
  for (const char *at = options.sample_file; *at != '\0'; at++) {
    if (at[0] == '%' && at[1] == 'p') {
      text_add_decimal(path, kernel_process_id());
      at++;
    } else {
      text_add_bytes(path, at, 1);
    }
  }
  text_add_bytes(path, "", 1);
}

static int file_open(void) {
  if (options.sample_file[0] == '\0')
    return STDERR_FILENO;
  struct text path;
  file_path(&path);
  int fd = kernel_open_append(path.bytes);
  if (fd >= 0)
    return fd;
  warn("sample_file=", path.bytes, ": can't be opened; the report comes here", NULL);
  return STDERR_FILENO;
}

/* One report after the other; but the one who holds the lock may be a thread that a fork left behind, or be interrupted
 * by the one who waits. */
static struct lock turn;
#define TURN_TRIES 10000

static bool turn_take(void) {
  for (int tries = 0; tries < TURN_TRIES; tries++) {
    if (lock_try(&turn))
      return true;
    kernel_yield();
  }
  return false;
}

void sample_report(const struct sampled_error *error) {
  struct fh_report report;
  __builtin_memset(&report, 0, sizeof report);
  report.kind = error->kind;
  report.flags = error->late ? FH_REPORT_FOUND_LATE : 0;
  report.address = error->address;
  report.access = error->access;
  report.count = 1;
  if (error->call != NULL)
    note_call(&report, error->call);
  note_place(&report.at, error->context);
  note_object(&report.object, error->object, error->late);
  bool alone = turn_take();
  int fd = file_open();
  if (!report_text_print(&report, fd) && fd != STDERR_FILENO) {
    warn("sample_file can't be written; the report comes here", NULL);
    report_text_print(&report, STDERR_FILENO);
  }
  if (fd != STDERR_FILENO)
    kernel_close(fd);
  if (alone)
    lock_drop(&turn);
}
