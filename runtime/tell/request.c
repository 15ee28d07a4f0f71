#include "tell/request.h"
#include "base/print.h"
#include "tell/build_ids.h"
#include "reach/reach.h"
#include "reach/sequence.h"
#include "record/request.h"
#include "space/kernel.h"
#include "space/process.h"
#include "space/restart.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct request_answers request_answers;

#define CHAIN_STEPS_MOST  4096u
#define CHAIN_STEPS_FIRST 256u /* when the asker doesn't say how many */
#define MAPPINGS_MOST     (256 * MIB)
#define COMMAND_LINE_MOST 4096u

/* One request, from the signal to the last record. */
struct asked {
  struct report_sink sink;   /* first: records find their file */
  struct fh_request request; /* its address as the complement: here it must not count as a reference */
  const ucontext_t *context;
  int file;
  uint32_t process, parent;
};

/* The process that is just answering: two threads can't at once. A child of fork has another id. */
static uint32_t answering;

static void write_record(const struct asked *asked, struct fh_record_head *head) {
  head->magic = FH_RECORD_MAGIC;
  head->version = FH_RECORD_VERSION;
  head->pid = asked->process;
  write_all(asked->file, (const char *)head, head->bytes);
}

static void write_report(struct report_sink *sink, struct fh_report *report) {
  write_record((const struct asked *)(const void *)sink, &report->head);
}

static void write_answer(const struct asked *asked, struct fh_record_answer *answer, enum fh_answer_status status,
                         int error, const char *detail) {
  answer->head.type = FH_RECORD_ANSWER;
  answer->head.bytes = sizeof *answer;
  answer->status = status;
  answer->error = (uint32_t)error;
  size_t length = strlen(detail);
  if (length > sizeof answer->detail - 1)
    length = sizeof answer->detail - 1;
  memcpy(answer->detail, detail, length);
  write_record(asked, &answer->head);
}

/* ---- in the copy ---- */

static void write_process(const struct asked *asked) {
  struct {
    struct fh_record_process record;
    char line[COMMAND_LINE_MOST];
  } process;
  memset(&process, 0, sizeof process);
  long length = kernel_read_file("/proc/self/cmdline", process.line, sizeof process.line);
  process.record.head.type = FH_RECORD_PROCESS;
  process.record.parent = asked->parent;
  process.record.bytes = length > 0 ? (uint32_t)length : 0;
  process.record.head.bytes = (uint32_t)sizeof process.record + process.record.bytes;
  write_record(asked, &process.record.head);
}

/* The file's text as it is given piece by piece; how much there is, or 0 when it doesn't fit. */
static size_t read_mappings(char *to, size_t bytes) {
  long fd = kernel_open_file("/proc/self/maps");
  if (fd < 0)
    return 0;
  size_t filled = 0;
  long got;
  while (filled < bytes && (got = kernel_read((int)fd, to + filled, bytes - filled)) > 0)
    filled += (size_t)got;
  kernel_close((int)fd);
  return filled < bytes ? filled : 0;
}

static void write_build_ids(const struct asked *asked, const char *text, size_t length, size_t room) {
  size_t used = align_up(length, sizeof(uint64_t));
  struct fh_record_build_ids *record = (struct fh_record_build_ids *)(void *)(uintptr_t)(text + used);
  if (used + sizeof *record > room)
    return;
  build_ids_collect(text, length, record, room - used);
  write_record(asked, &record->head);
}

static void write_mappings(const struct asked *asked) {
  for (size_t room = MIB; room <= MAPPINGS_MOST; room *= 4) {
    char *piece = sequence_piece(room);
    if (piece == NULL)
      return;
    struct fh_record_mappings *record = (struct fh_record_mappings *)(void *)piece;
    size_t length = read_mappings(piece + sizeof *record, room - sizeof *record);
    if (length != 0) {
      memset(record, 0, sizeof *record);
      record->head.type = FH_RECORD_MAPPINGS;
      record->head.bytes = (uint32_t)(sizeof *record + length);
      record->bytes = (uint32_t)length;
      write_record(asked, &record->head);
      write_build_ids(asked, (const char *)(record + 1), length, room - sizeof *record);
    }
    sequence_piece_release(piece, room);
    if (length != 0)
      return;
  }
}

static bool answer_why(const struct asked *asked) {
  size_t most = asked->request.most != 0 ? asked->request.most : CHAIN_STEPS_FIRST;
  if (most > CHAIN_STEPS_MOST)
    most = CHAIN_STEPS_MOST;
  size_t bytes = sizeof(struct fh_record_chain) + most * sizeof(struct fh_chain_step);
  struct fh_record_chain *record = sequence_piece(bytes);
  if (record == NULL)
    return false;
  request_answers.why(asked->context, ~asked->request.address, record, (struct fh_chain_step *)(record + 1), most);
  write_record(asked, &record->head);
  sequence_piece_release(record, bytes);
  return true;
}

static const char *why_not_possible(uint32_t kind) {
  if (kind == FH_REQUEST_FENCES && request_answers.fences == NULL)
    return "this library can't look at fences on demand";
  if (kind == FH_REQUEST_WHY && request_answers.why == NULL)
    return "this library doesn't know what keeps a block";
  bool leaks = kind == FH_REQUEST_LEAKS || kind == FH_REQUEST_REACHABLE;
  if (leaks && request_answers.leaks == NULL)
    return "a collector takes back what is lost; its program's losses are listed by freehold run --gc --gc-report";
  return NULL;
}

static void answer_in_copy(void *context, const struct reach_snapshot *snapshot) {
  struct asked *asked = context;
  struct fh_record_answer answer;
  memset(&answer, 0, sizeof answer);
  answer.searcher = (uint32_t)process_id();
  answer.threads = (uint32_t)snapshot->threads;
  answer.threads_missed = (uint32_t)snapshot->missed;
  answer.stopped_nanoseconds = kernel_now() - snapshot->stopped_at;
  write_answer(asked, &answer, FH_ANSWER_WORKING, 0, "");
  const char *impossible = why_not_possible(asked->request.kind);
  if (impossible != NULL) {
    write_answer(asked, &answer, FH_ANSWER_NOT_POSSIBLE, 0, impossible);
    return;
  }
  write_process(asked);
  write_mappings(asked);
  bool enough = true;
  switch (asked->request.kind) {
  case FH_REQUEST_WHY:
    enough = answer_why(asked);
    break;
  case FH_REQUEST_FENCES:
    request_answers.fences(&asked->sink);
    break;
  default:
    enough = request_answers.leaks(asked->context, asked->request.kind == FH_REQUEST_REACHABLE, asked->request.most,
                                   &asked->sink, &answer);
  }
  if (enough)
    write_answer(asked, &answer, FH_ANSWER_DONE, 0, "");
  else
    write_answer(asked, &answer, FH_ANSWER_NO_MEMORY, ENOMEM, "the search needs memory, and /proc/self/maps");
}

/* ---- in the process ---- */

/* The asker's file: it must be this user's own, and begin with a request. */
static int open_request(const siginfo_t *info, struct fh_request *request) {
  struct text path;
  text_clear(&path);
  text_add(&path, "/proc/");
  text_add_decimal(&path, (uint64_t)info->si_pid);
  text_add(&path, "/fd/");
  text_add_decimal(&path, (uint64_t)(uint32_t)info->si_value.sival_int);
  text_add_bytes(&path, "", 1);
  long file = process_open_append(path.bytes);
  if (file < 0)
    return -1;
  if (process_file_owner((int)file) == (long)process_user() &&
      process_read_at((int)file, request, sizeof *request, 0) == (long)sizeof *request &&
      request->magic == FH_REQUEST_MAGIC)
    return (int)file;
  kernel_close((int)file);
  return -1;
}

static bool is_known(const struct fh_request *request) {
  return request->version == FH_REQUEST_VERSION && request->kind >= FH_REQUEST_LEAKS &&
         request->kind <= FH_REQUEST_FENCES;
}

static void answer_request(const siginfo_t *info, void *context) {
  if (info->si_code != SI_QUEUE || info->si_pid <= 0)
    return;
  struct asked asked = {.sink = {write_report}, .context = context};
  asked.file = open_request(info, &asked.request);
  if (asked.file < 0)
    return;
  asked.request.address = ~asked.request.address;
  asked.process = (uint32_t)process_id();
  asked.parent = (uint32_t)getppid();
  struct fh_record_answer answer;
  memset(&answer, 0, sizeof answer);
  if (!is_known(&asked.request)) {
    write_answer(&asked, &answer, FH_ANSWER_NOT_KNOWN, 0, "the library is of another version than the command");
  } else if (__atomic_exchange_n(&answering, asked.process, __ATOMIC_ACQUIRE) == asked.process) {
    write_answer(&asked, &answer, FH_ANSWER_NOT_POSSIBLE, EBUSY, "the process is just answering another request");
  } else {
    write_answer(&asked, &answer, FH_ANSWER_WORKING, 0, "");
    int copy = reach_in_copy(answer_in_copy, &asked);
    __atomic_store_n(&answering, 0, __ATOMIC_RELEASE);
    if (copy < 0)
      write_answer(&asked, &answer, FH_ANSWER_NO_MEMORY, -copy, "the process could not be copied");
  }
  kernel_close(asked.file);
}

/* Whoever is asked in the midst of a call that waits goes on waiting. */
static void take_request(int signal, siginfo_t *info, void *context) {
  (void)signal;
  answer_request(info, context);
  struct waiting_call call = {.known = false};
  call_restart(context, &call);
}

bool request_start(void) {
  for (int signal = SIGRTMAX - 1; signal > SIGRTMIN; signal--)
    if (process_signal_has(signal, NULL) && process_handle_signal(signal, take_request) == 0) {
      struct text name;
      text_clear(&name);
      text_add(&name, &FH_REQUEST_MAPPING[strlen("/memfd:")]);
      text_add_decimal(&name, FH_REQUEST_VERSION);
      text_add(&name, "-");
      text_add_decimal(&name, (uint64_t)signal);
      text_add_bytes(&name, "", 1);
      return process_map_note(name.bytes) == 0;
    }
  return false;
}
