/*
 * A stand-in for the checking library: writes the records that the program asks for. So what the command makes of
 * records, from real processes and addresses, is tested without what finds the errors.
 *
 * Its name begins with libfreehold, as the library's does: its own frames are left out of the stacks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "record/request.h"

struct fh_record_summary stand_in_summary;
struct fh_record_answer stand_in_answer = {.status = FH_ANSWER_DONE};
/* What a request is answered with, up to NULL. */
struct fh_record_head *stand_in_records[8];

static int file = -1;
static char settings[4096];

/* The value of a setting of FREEHOLD=, or NULL; valid until the next call. */
const char *stand_in_setting(const char *name) {
  static char value[512];
  for (const char *at = settings; *at != '\0';) {
    size_t length = strcspn(at, ",");
    if (strncmp(at, name, strlen(name)) == 0 && at[strlen(name)] == '=') {
      snprintf(value, sizeof value, "%.*s", (int)(length - strlen(name) - 1), at + strlen(name) + 1);
      return value;
    }
    at += length + (at[length] == ',');
  }
  return NULL;
}

static struct fh_record_head head_of(uint32_t type, size_t bytes) {
  return (struct fh_record_head){FH_RECORD_MAGIC, FH_RECORD_VERSION, type, (uint32_t)bytes, (uint32_t)getpid()};
}

static void write_all(int to, const void *bytes, size_t count) {
  if (to >= 0 && write(to, bytes, count) != (ssize_t)count)
    _exit(99);
}

static size_t read_all(const char *path, char *to, size_t room) {
  int from = open(path, O_RDONLY | O_CLOEXEC);
  size_t length = 0;
  ssize_t count;
  while (from >= 0 && length < room && (count = read(from, to + length, room - length)) > 0)
    length += (size_t)count;
  close(from);
  return length;
}

static void write_beginning(int to) {
  static char bytes[1 << 17];
  struct fh_record_process *process = (struct fh_record_process *)bytes;
  process->bytes = (uint32_t)read_all("/proc/self/cmdline", (char *)(process + 1), 4000);
  process->head = head_of(FH_RECORD_PROCESS, sizeof *process + process->bytes);
  process->parent = (uint32_t)getppid();
  write_all(to, process, process->head.bytes);
  struct fh_record_mappings *mappings = (struct fh_record_mappings *)bytes;
  mappings->bytes = (uint32_t)read_all("/proc/self/maps", (char *)(mappings + 1), sizeof bytes - sizeof *mappings);
  mappings->head = head_of(FH_RECORD_MAPPINGS, sizeof *mappings + mappings->bytes);
  write_all(to, mappings, mappings->head.bytes);
}

void stand_in_here(struct fh_report_stack *stack) {
  void *frames[FH_STACK_FRAMES];
  int count = backtrace(frames, FH_STACK_FRAMES);
  memset(stack, 0, sizeof *stack);
  stack->count = (uint32_t)count;
  stack->thread = (uint32_t)syscall(SYS_gettid);
  prctl(PR_GET_NAME, stack->thread_name);
  for (int i = 0; i < count; i++)
    stack->frames[i] = (uint64_t)(uintptr_t)frames[i];
}

void stand_in_write(struct fh_report *report) {
  report->head = head_of(FH_RECORD_REPORT, sizeof *report);
  if (report->count == 0)
    report->count = 1;
  write_all(file, report, sizeof *report);
}

static void begin(void) {
  write_beginning(file);
}

static void answer(int number, siginfo_t *info, void *context) {
  (void)number, (void)context;
  int saved = errno;
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)info->si_pid, info->si_value.sival_int);
  int to = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
  struct fh_record_answer working = {.head = head_of(FH_RECORD_ANSWER, sizeof working), .status = FH_ANSWER_WORKING};
  struct fh_request request;
  if (to >= 0 && pread(to, &request, sizeof request, 0) == (ssize_t)sizeof request &&
      request.magic == FH_REQUEST_MAGIC) {
    write_all(to, &working, sizeof working);
    if (stand_in_answer.status != FH_ANSWER_WORKING) {
      write_beginning(to);
      for (struct fh_record_head **record = stand_in_records; *record != NULL; record++) {
        (*record)->pid = (uint32_t)getpid();
        write_all(to, *record, (*record)->bytes);
      }
      stand_in_answer.head = head_of(FH_RECORD_ANSWER, sizeof stand_in_answer);
      stand_in_answer.threads = request.kind;
      write_all(to, &stand_in_answer, sizeof stand_in_answer);
    }
  }
  close(to);
  errno = saved;
}

__attribute__((constructor)) static void start(void) {
  snprintf(settings, sizeof settings, "%s", getenv("FREEHOLD") != NULL ? getenv("FREEHOLD") : "");
  const char *path = stand_in_setting("report_file");
  if (path != NULL)
    file = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  begin();
  pthread_atfork(NULL, NULL, begin);
  char name[32];
  snprintf(name, sizeof name, "freehold-check-%u-%d", FH_REQUEST_VERSION, SIGRTMAX - 2);
  int page = memfd_create(name, MFD_CLOEXEC);
  if (page >= 0 && ftruncate(page, 4096) == 0)
    mmap(NULL, 4096, PROT_READ, MAP_SHARED, page, 0);
  close(page);
  struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGRTMAX - 2, &action, NULL);
}

__attribute__((destructor)) static void end(void) {
  stand_in_summary.head = head_of(FH_RECORD_SUMMARY, sizeof stand_in_summary);
  write_all(file, &stand_in_summary, sizeof stand_in_summary);
}
