/*
 * The leak search over objects of the test's own: what is lost directly and indirectly, how it is grouped, and that a
 * running process answers a request. The checker's lists and the stacks are played here.
 */
#include "base/options.h"
#include "check/heaps.h"
#include "check/leaks.h"
#include "check/report.h"
#include "tell/request.h"
#include "fake_world.h"
#include "heap/vault.h"
#include "record/request.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

/* ---- what the checker would know ---- */

#define OBJECTS_MOST 4096
static struct object_record *records;
static hidden objects[OBJECTS_MOST];
static size_t object_count;
static uintptr_t global_word;

struct checked checked_at(uintptr_t address) {
  struct reach_object object;
  if (!fake_world.find(address, &object))
    return (struct checked){.where = CHECKED_NOWHERE};
  struct object_record *record = NULL;
  for (size_t i = 0; i < object_count; i++)
    if (records[i].start == object.start)
      record = &records[i];
  if (record == NULL)
    return (struct checked){.where = CHECKED_NOWHERE};
  return (struct checked){
      address == object.start + object.bytes && object.bytes != 0 ? CHECKED_BEYOND : CHECKED_INSIDE, record};
}

/* Heaps of one's own, closed ones too, are tested with the whole checker. Here there is no heap at all: the objects lie
 * elsewhere. */
void heaps_mark(const struct reach_world *world, uint8_t mark) {
  (void)world;
  (void)mark;
}

bool vault_range(size_t index, uintptr_t *start, uintptr_t *end) {
  (void)index;
  (void)start;
  (void)end;
  return false;
}

void checked_each_live(bool (*visit)(void *context, struct object_record *record), void *context) {
  for (size_t i = 0; i < object_count; i++)
    if (!visit(context, &records[i]))
      return;
}

uintptr_t guard_base;
size_t guard_bytes;

size_t stack_load(stack_id id, uintptr_t *frames, size_t most) {
  EXPECT(most >= 2);
  frames[0] = 0x1000 + id;
  frames[1] = 0x2000 + id;
  return 2;
}

#define WRITTEN_MOST 600
static struct fh_report written[WRITTEN_MOST];
static size_t written_count;

bool report_write(struct fh_report *report) {
  EXPECT(written_count < WRITTEN_MOST);
  EXPECT_EQUAL(report->kind, FH_REPORT_LEAK);
  EXPECT_EQUAL(report->head.type, FH_RECORD_REPORT);
  EXPECT_EQUAL(report->head.bytes, sizeof *report);
  written[written_count++] = *report;
  return true;
}

/* ---- the test's objects ---- */

NOINLINE static hidden make(size_t bytes, stack_id stack) {
  if (records == NULL) {
    size_t all = OBJECTS_MOST * sizeof *records;
    records = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT(records != MAP_FAILED);
    EXPECT(leaks_exclude((uintptr_t)records, all));
    fake_object(1); /* the world stands now */
    EXPECT(leaks_exclude(fake_world.excluded[0].start, fake_world.excluded[0].end - fake_world.excluded[0].start));
    EXPECT(leaks_exclude(fake_world.excluded[1].start, fake_world.excluded[1].end - fake_world.excluded[1].start));
    EXPECT(leaks_exclude((uintptr_t)written, sizeof written));
  }
  EXPECT(object_count < OBJECTS_MOST);
  hidden object = fake_object(bytes);
  records[object_count] = (struct object_record){.start = ~object,
                                                 .bytes = bytes,
                                                 .allocated = stack,
                                                 .allocated_thread = 77,
                                                 .state = FH_OBJECT_LIVE,
                                                 .made_by = FH_FAMILY_MALLOC,
                                                 .fenced = 1,
                                                 .mark = 9};
  objects[object_count++] = object;
  return object;
}

static void forget(void) {
  object_count = 0;
  written_count = 0;
  global_word = 0;
  fake_forget_all();
}

static struct leaks_totals totals;

NOINLINE static void search(unsigned mode) {
  written_count = 0;
  memset(written, 0, sizeof written);
  fake_scrub();
  ucontext_t here;
  reach_context(&here);
  leaks_at_exit(mode, &here, &totals);
  EXPECT(totals.searched);
  EXPECT_EQUAL(totals.direct_blocks + totals.indirect_blocks + totals.reachable_blocks, object_count);
}

static void expect_totals(size_t direct, size_t indirect, size_t reachable) {
  EXPECT_EQUAL(totals.direct_blocks, direct);
  EXPECT_EQUAL(totals.indirect_blocks, indirect);
  EXPECT_EQUAL(totals.reachable_blocks, reachable);
}

/* ---- what is lost ---- */

static void test_one(void) {
  hidden kept = make(100, 1);
  make(60, 2);
  fake_point(&global_word, kept, 0);
  search(LEAKS_LOST);
  expect_totals(1, 0, 1);
  EXPECT_EQUAL(totals.direct_bytes, 60);
  EXPECT_EQUAL(totals.reachable_bytes, 100);
  EXPECT_EQUAL(written_count, 1);
  EXPECT_EQUAL(written[0].count, 1);
  EXPECT_EQUAL(written[0].flags, 0);
  EXPECT_EQUAL(written[0].object.bytes, 60);
  EXPECT_EQUAL(written[0].object.guarded, 0);
  EXPECT_EQUAL(written[0].object.state, FH_OBJECT_LIVE);
  EXPECT_EQUAL(written[0].object.made_by, FH_FAMILY_MALLOC);
  EXPECT_EQUAL(written[0].object.allocated.count, 2);
  EXPECT_EQUAL(written[0].object.allocated.thread, 77);
  EXPECT_EQUAL(written[0].object.allocated.frames[1], 0x2002);

  search(LEAKS_REACHABLE);
  EXPECT_EQUAL(written_count, 2);
  EXPECT_EQUAL(written[0].flags, 0);
  EXPECT_EQUAL(written[1].flags, FH_REPORT_REACHABLE);
  EXPECT_EQUAL(written[1].direct_bytes, 100);

  /* The word behind the last byte. */
  fake_point(&global_word, kept, 100);
  search(LEAKS_LOST);
  expect_totals(1, 0, 1);
  fake_point(&global_word, kept, 101);
  search(LEAKS_LOST);
  expect_totals(2, 0, 0);
  forget();
}

/* A list whose head is lost: one direct, whichever end was allocated first. */
static void test_list(void) {
  for (int order = 0; order < 2; order++) {
    hidden list[50];
    for (size_t i = 0; i < 50; i++)
      list[i] = make(32, 3);
    for (size_t i = 0; i + 1 < 50; i++)
      order == 0 ? fake_link(list[i], 8, list[i + 1]) : fake_link(list[i + 1], 8, list[i]);
    search(LEAKS_LOST);
    expect_totals(1, 49, 0);
    EXPECT_EQUAL(written_count, 1);
    EXPECT_EQUAL(written[0].count, 1);
    EXPECT_EQUAL(written[0].direct_bytes, 32);
    EXPECT_EQUAL(written[0].indirect_count, 49);
    EXPECT_EQUAL(written[0].indirect_bytes, 49 * 32);
    EXPECT_EQUAL(written[0].object.start, ~list[order == 0 ? 0 : 49]);
    fake_point(&global_word, list[order == 0 ? 0 : 49], 8);
    search(LEAKS_LOST);
    expect_totals(0, 0, 50);
    EXPECT_EQUAL(written_count, 0);
    forget();
  }
}

/* Two cycles, one hanging on the other, with a tail: one block stands for all, in whichever order they were made. */
static void test_cycles(void) {
  for (unsigned order = 0; order < 24; order++) {
    hidden four[4];
    bool made[4] = {false};
    unsigned left = order;
    for (unsigned i = 4; i > 0; i--) {
      unsigned skip = left % i, which = 0;
      left /= i;
      for (;; which++)
        if (!made[which] && skip-- == 0)
          break;
      made[which] = true;
      four[which] = make(16 + 16 * which, 4 + which);
    }
    fake_link(four[0], 0, four[1]);
    fake_link(four[1], 0, four[0]);
    fake_link(four[1], 8, four[2]);
    fake_link(four[2], 0, four[3]);
    fake_link(four[3], 0, four[2]);
    search(LEAKS_LOST);
    expect_totals(1, 3, 0);
    EXPECT_EQUAL(written_count, 1);
    EXPECT(written[0].object.start == ~four[0] || written[0].object.start == ~four[1]);
    EXPECT_EQUAL(written[0].direct_bytes + written[0].indirect_bytes, 16 + 32 + 48 + 64);
    forget();
  }
  hidden alone = make(24, 1);
  fake_link(alone, 16, alone);
  search(LEAKS_LOST);
  expect_totals(1, 0, 0);
  forget();
}

/* What two lost blocks share is counted once. */
static void test_shared(void) {
  hidden first = make(16, 1), second = make(16, 2), both = make(64, 3);
  fake_link(first, 0, both);
  fake_link(second, 0, both);
  search(LEAKS_LOST);
  expect_totals(2, 1, 0);
  EXPECT_EQUAL(totals.indirect_bytes, 64);
  EXPECT_EQUAL(written_count, 2);
  EXPECT_EQUAL(written[0].indirect_count + written[1].indirect_count, 1);
  EXPECT(written[0].direct_bytes + written[0].indirect_bytes >= written[1].direct_bytes + written[1].indirect_bytes);
  forget();
}

static void test_groups(void) {
  for (unsigned i = 0; i < 3000; i++)
    make(8 + i % 700, i % 700);
  search(LEAKS_LOST);
  expect_totals(3000, 0, 0);
  EXPECT_EQUAL(written_count, LEAKS_GROUPS_MOST);
  EXPECT_EQUAL(totals.groups_dropped, 700 - LEAKS_GROUPS_MOST);
  for (size_t i = 0; i < written_count; i++) {
    EXPECT(written[i].count == 4 || written[i].count == 5);
    EXPECT_EQUAL(written[i].direct_bytes, written[i].count * (written[i].object.allocated.frames[0] - 0x1000 + 8));
    EXPECT(i == 0 || written[i - 1].direct_bytes >= written[i].direct_bytes);
  }
  forget();
}

/* ---- why ---- */

/* The address itself is a reference where it stands in the frame of who asks: it must be below `here`. */
NOINLINE static size_t why(const ucontext_t *here, hidden object, struct fh_record_chain *record,
                           struct fh_chain_step *steps, size_t most) {
  memset(record, 0, sizeof *record); /* what it says is a reference as well */
  memset(steps, 0, most * sizeof *steps);
  return leaks_why(here, ~object + 5, record, steps, most);
}

static void test_why(void) {
  hidden first = make(64, 1), second = make(64, 2), third = make(64, 3), around = make(64, 4), lost = make(64, 5);
  fake_link(first, 8, around);
  fake_link(around, 8, second); /* the longer way */
  fake_link(first, 40, second);
  fake_link(second, 16, third);
  fake_link(third, 0, second);
  fake_link(lost, 0, third);
  fake_point(&global_word, first, 4);
  ucontext_t here;
  struct fh_record_chain record;
  struct fh_chain_step steps[8];
  reach_context(&here);
  EXPECT_EQUAL(why(&here, third, &record, steps, 8), 3);
  EXPECT_EQUAL(record.found, 1);
  EXPECT_EQUAL(record.steps, 3);
  EXPECT_EQUAL(record.head.bytes, sizeof record + 3 * sizeof steps[0]);
  EXPECT_EQUAL(steps[0].root, FH_ROOT_DATA);
  EXPECT(strncmp(steps[0].root_name, "data of ", 8) == 0 && strstr(steps[0].root_name, "reach_leaks") != NULL);
  EXPECT_EQUAL(steps[0].from, (uintptr_t)&global_word);
  EXPECT_EQUAL(steps[0].object, ~first);
  EXPECT_EQUAL(steps[0].cycle, 0);
  EXPECT_EQUAL(steps[1].from, ~first + 40);
  EXPECT_EQUAL(steps[1].object, ~second);
  EXPECT_EQUAL(steps[1].cycle, 2);
  EXPECT_EQUAL(steps[1].root, 0);
  EXPECT_EQUAL(steps[2].from, ~second + 16);
  EXPECT_EQUAL(steps[2].object, ~third);
  EXPECT_EQUAL(steps[2].object_bytes, 64);
  EXPECT_EQUAL(steps[2].allocated.frames[0], 0x1003);
  EXPECT_EQUAL(why(&here, third, &record, steps, 8), 3);
  memset(steps, 0, sizeof steps);
  EXPECT_EQUAL(why(&here, third, &record, steps, 2), 2);
  memset(steps, 0, sizeof steps);
  EXPECT_EQUAL(why(&here, lost, &record, steps, 8), 0);
  EXPECT_EQUAL(record.found, 0);
  EXPECT_EQUAL(leaks_why(&here, 12345, &record, steps, 8), 0);
  forget();
}

/* ---- a request from outside ---- */

struct answer {
  struct fh_record_answer last;
  unsigned working, processes, mappings, reports, reachable, chains;
  uint64_t direct_bytes;
  uint32_t chain_steps;
};

/* The signal that the note in /proc/PID/maps names; 0 when there is none. */
static int signal_of(pid_t process) {
  char path[64], line[512];
  snprintf(path, sizeof path, "/proc/%d/maps", (int)process);
  FILE *maps = fopen(path, "r");
  EXPECT(maps != NULL);
  int signal = 0;
  while (fgets(line, sizeof line, maps) != NULL) {
    const char *at = strstr(line, FH_REQUEST_MAPPING);
    unsigned version;
    if (at != NULL && sscanf(at + strlen(FH_REQUEST_MAPPING), "%u-%d", &version, &signal) == 2)
      EXPECT_EQUAL(version, FH_REQUEST_VERSION);
  }
  fclose(maps);
  return signal;
}

static struct answer ask_once(pid_t process, struct fh_request request) {
  int file = memfd_create("freehold-request", MFD_CLOEXEC);
  EXPECT(write(file, &request, sizeof request) == sizeof request);
  union sigval value = {.sival_int = file};
  EXPECT_EQUAL(sigqueue(process, signal_of(process), value), 0);
  struct answer answer = {.last.status = FH_ANSWER_WORKING};
  off_t at = sizeof request;
  while (answer.last.status == FH_ANSWER_WORKING) {
    struct fh_record_head head;
    if (pread(file, &head, sizeof head, at) != sizeof head) {
      usleep(1000);
      continue;
    }
    EXPECT_EQUAL(head.magic, FH_RECORD_MAGIC);
    EXPECT_EQUAL(head.version, FH_RECORD_VERSION);
    EXPECT_EQUAL(head.pid, process);
    off_t end = lseek(file, 0, SEEK_END);
    if (end < at + (off_t)head.bytes)
      continue;
    char *record = malloc(head.bytes);
    EXPECT(pread(file, record, head.bytes, at) == (ssize_t)head.bytes);
    at += head.bytes;
    if (head.type == FH_RECORD_ANSWER) {
      memcpy(&answer.last, record, sizeof answer.last);
      answer.working += answer.last.status == FH_ANSWER_WORKING;
    } else if (head.type == FH_RECORD_PROCESS) {
      answer.processes++;
      EXPECT(strstr(record + sizeof(struct fh_record_process), "reach_leaks") != NULL);
    } else if (head.type == FH_RECORD_MAPPINGS) {
      answer.mappings++;
      EXPECT(memmem(record, head.bytes, "reach_leaks", 11) != NULL);
      EXPECT_EQUAL(record[head.bytes - 1], '\n');
    } else if (head.type == FH_RECORD_REPORT) {
      const struct fh_report *report = (const struct fh_report *)(const void *)record;
      answer.reports++;
      answer.reachable += (report->flags & FH_REPORT_REACHABLE) != 0;
      answer.direct_bytes += (report->flags & FH_REPORT_REACHABLE) != 0 ? 0 : report->direct_bytes;
    } else if (head.type == FH_RECORD_CHAIN) {
      answer.chains++;
      answer.chain_steps = ((const struct fh_record_chain *)(const void *)record)->steps;
    }
    free(record);
  }
  close(file);
  return answer;
}

/* The copy's answer may be there before the process has come back from making the copy: it is busy until then. */
static struct answer ask(pid_t process, struct fh_request request) {
  struct answer answer;
  do
    answer = ask_once(process, request);
  while (answer.last.status == FH_ANSWER_NOT_POSSIBLE && answer.last.error == EBUSY && usleep(1000) == 0);
  return answer;
}

static struct fh_request request_of(uint32_t kind, uintptr_t address) {
  return (struct fh_request){
      .magic = FH_REQUEST_MAGIC, .version = FH_REQUEST_VERSION, .kind = kind, .address = address};
}

static void *wait_in_call(void *end) {
  char byte;
  EXPECT_EQUAL(read(*(int *)end, &byte, 1), 0);
  return NULL;
}

static void find_fences(struct report_sink *sink) {
  struct fh_report report = {.head = {.type = FH_RECORD_REPORT, .bytes = sizeof report},
                             .kind = FH_REPORT_HEAP_BUFFER_OVERFLOW};
  sink->write(sink, &report);
}

/* The process that is asked: some objects, two threads, and a check at the end that it is unharmed. */
_Noreturn static void run_victim(int ready, int end) {
  hidden first = make(64, 1), second = make(64, 2);
  make(48, 3);
  fake_point(&global_word, first, 0);
  fake_link(first, 0, second);
  pthread_t thread;
  EXPECT_EQUAL(pthread_create(&thread, NULL, wait_in_call, &end), 0);
  uintptr_t address = second; /* hidden */
  EXPECT(write(ready, &address, sizeof address) == sizeof address);
  wait_in_call(&end);
  pthread_join(thread, NULL);
  EXPECT(waitpid(-1, NULL, WNOHANG | __WALL) == -1 && errno == ECHILD);
  for (size_t i = 0; i < object_count; i++)
    EXPECT_EQUAL(records[i].mark, 9);
  _exit(0);
}

static void test_request(void) {
  request_answers = (struct request_answers){leaks_answer, leaks_why, find_fences};
  EXPECT(request_start());
  int ready[2], end[2];
  EXPECT(pipe(ready) == 0 && pipe(end) == 0);
  pid_t victim = fork(); /* the note and the handler go with it */
  EXPECT(victim >= 0);
  if (victim == 0) {
    close(end[1]);
    run_victim(ready[1], end[0]);
  }
  uintptr_t address;
  EXPECT(read(ready[0], &address, sizeof address) == sizeof address);
  address = ~address;

  struct answer answer = ask(victim, request_of(FH_REQUEST_LEAKS, 0));
  EXPECT_EQUAL(answer.last.status, FH_ANSWER_DONE);
  EXPECT_EQUAL(answer.working, 2);
  EXPECT(answer.last.searcher != 0 && answer.last.searcher != (uint32_t)victim);
  EXPECT_EQUAL(answer.last.threads, 2);
  EXPECT_EQUAL(answer.last.threads_missed, 0);
  EXPECT_EQUAL(answer.processes, 1);
  EXPECT_EQUAL(answer.mappings, 1);
  EXPECT_EQUAL(answer.reports, 1);
  EXPECT_EQUAL(answer.direct_bytes, 48);
  EXPECT_EQUAL(answer.last.direct_blocks, 1);
  EXPECT_EQUAL(answer.last.reachable_blocks, 2);

  answer = ask(victim, request_of(FH_REQUEST_REACHABLE, 0));
  EXPECT_EQUAL(answer.last.status, FH_ANSWER_DONE);
  EXPECT_EQUAL(answer.reports, 3);
  EXPECT_EQUAL(answer.reachable, 2);

  answer = ask(victim, request_of(FH_REQUEST_WHY, address));
  EXPECT_EQUAL(answer.last.status, FH_ANSWER_DONE);
  EXPECT_EQUAL(answer.chains, 1);
  EXPECT_EQUAL(answer.chain_steps, 2);

  answer = ask(victim, request_of(FH_REQUEST_FENCES, 0));
  EXPECT_EQUAL(answer.last.status, FH_ANSWER_DONE);
  EXPECT_EQUAL(answer.reports, 1);

  EXPECT_EQUAL(ask(victim, request_of(99, 0)).last.status, FH_ANSWER_NOT_KNOWN);
  struct fh_request other = request_of(FH_REQUEST_LEAKS, 0);
  other.version++;
  EXPECT_EQUAL(ask(victim, other).last.status, FH_ANSWER_NOT_KNOWN);

  /* Values that are no request are passed over. */
  EXPECT_EQUAL(sigqueue(victim, signal_of(victim), (union sigval){.sival_int = 9999}), 0);
  EXPECT_EQUAL(kill(victim, signal_of(victim)), 0);
  EXPECT_EQUAL(ask(victim, request_of(FH_REQUEST_LEAKS, 0)).last.status, FH_ANSWER_DONE);

  close(end[1]);
  int status;
  EXPECT_EQUAL(waitpid(victim, &status, 0), victim);
  EXPECT_EQUAL(status, 0);
}

int main(void) {
  test_one();
  test_list();
  test_cycles();
  test_shared();
  test_groups();
  test_why();
  test_request();
  return 0;
}
