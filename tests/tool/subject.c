/* A program that has the stand-in (stand_in.c) report what its arguments say. Lines are named by the tests: see MARK. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record/request.h"

extern struct fh_record_summary stand_in_summary __attribute__((weak));
extern struct fh_record_answer stand_in_answer __attribute__((weak));
extern struct fh_record_head *stand_in_records[8] __attribute__((weak));
void stand_in_here(struct fh_report_stack *stack) __attribute__((weak));
void stand_in_write(struct fh_report *report) __attribute__((weak));
const char *stand_in_setting(const char *name) __attribute__((weak));

static struct fh_report report;
volatile int after; /* so that no call is a jump */

__attribute__((noinline)) static void make_name(uint64_t bytes) {
  report.object.start = 0x7f0000001000;
  report.object.bytes = bytes;
  report.object.made_by = FH_FAMILY_MALLOC;
  report.object.guarded = 1;
  report.object.state = FH_OBJECT_LIVE;
  stand_in_here(&report.object.allocated); /* MARK allocated */
  after++;
}

__attribute__((noinline)) static void drop_name(void) {
  report.object.state = FH_OBJECT_FREED;
  report.object.freed_by = FH_FAMILY_MALLOC;
  stand_in_here(&report.object.freed); /* MARK freed */
  after++;
}

static inline __attribute__((always_inline)) void put(uint64_t offset) {
  report.address = report.object.start + offset;
  stand_in_here(&report.at); /* MARK accessed */
  after++;
}

__attribute__((noinline)) static void fill_name(uint64_t offset) {
  put(offset); /* MARK called */
  after++;
}

__attribute__((noinline)) static void overflow(uint64_t bytes) {
  make_name(bytes);
  report.kind = FH_REPORT_HEAP_BUFFER_OVERFLOW;
  report.access = FH_ACCESS_WRITE;
  report.access_bytes = 1;
  fill_name(bytes);
  stand_in_write(&report);
}

static void use_after_free(void) {
  make_name(10);
  drop_name();
  report.earlier = report.object;
  report.kind = FH_REPORT_HEAP_USE_AFTER_FREE;
  report.access = FH_ACCESS_READ;
  report.access_bytes = 4;
  fill_name(2);
  stand_in_write(&report);
}

static void *in_thread(void *argument) {
  pthread_setname_np(pthread_self(), "worker\033[1m");
  use_after_free();
  return argument;
}

static void lose(uint64_t blocks, uint32_t flags) {
  make_name(10);
  report.kind = FH_REPORT_LEAK;
  report.flags = flags;
  report.count = blocks;
  report.direct_bytes = 10 * blocks;
  stand_in_write(&report);
}

/* Distinct places without as many functions. */
static void many(int count) {
  overflow(10);
  for (int i = 0; i < count; i++) {
    report.at.frames[0] = report.at.frames[1] = 0x1000 + (uint64_t)i;
    stand_in_write(&report);
  }
}

static void sites(void) {
  stand_in_summary.sites = 3;
  const char *failing = stand_in_setting("fail_alloc");
  if (failing != NULL && strcmp(failing, "site:2") == 0) {
    report.flags = FH_REPORT_FAILED_CALL | FH_REPORT_FATAL;
    report.kind = FH_REPORT_NULL_POINTER;
    stand_in_here(&report.object.allocated);
    report.address = 8;
    stand_in_here(&report.at);
    stand_in_write(&report);
    raise(SIGSEGV);
  }
  if (failing != NULL && strcmp(failing, "site:3") == 0)
    abort();
}

static void answers(const char *what) {
  static struct {
    struct fh_record_chain chain;
    struct fh_chain_step steps[2];
  } kept;
  static struct fh_report lost;
  lose(3, 0);
  lost = report;
  if (strcmp(what, "lost") == 0) {
    stand_in_records[0] = &lost.head;
    stand_in_answer.direct_blocks = 3;
    stand_in_answer.direct_bytes = 30;
  } else if (strcmp(what, "kept") == 0) {
    kept.chain.head = lost.head;
    kept.chain.head.type = FH_RECORD_CHAIN;
    kept.chain.head.bytes = sizeof kept;
    kept.chain.address = 0x7f0000001008;
    kept.chain.found = 1;
    kept.chain.steps = 2;
    for (int i = 0; i < 2; i++) {
      kept.steps[i].object = 0x7f0000000000 + 0x1000 * (uint64_t)i;
      kept.steps[i].object_bytes = 10;
      kept.steps[i].allocated = report.object.allocated;
    }
    kept.steps[0].root = FH_ROOT_DATA;
    strcpy(kept.steps[0].root_name, "data of subject");
    stand_in_records[0] = &kept.chain.head;
  } else if (strcmp(what, "slow") == 0) {
    stand_in_answer.status = FH_ANSWER_WORKING;
  } else if (strcmp(what, "memory") == 0) {
    stand_in_answer.status = FH_ANSWER_NO_MEMORY;
    stand_in_answer.error = 12;
  } else if (strcmp(what, "unknown") == 0) {
    stand_in_answer.status = FH_ANSWER_NOT_KNOWN;
  } else if (strcmp(what, "blocked") == 0) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
  } else if (strcmp(what, "taken") == 0) {
    signal(SIGRTMAX - 2, SIG_IGN);
  }
  puts("ready");
  fflush(stdout);
  while (getchar() != EOF)
    continue;
}

int main(int count, char **arguments) {
  for (int i = 1; i < count; i++) {
    const char *what = arguments[i];
    memset(&report, 0, sizeof report);
    int number = strchr(what, '=') != NULL ? atoi(strchr(what, '=') + 1) : 0;
    if (strcmp(what, "overflow") == 0) {
      overflow(10); /* MARK main */
    } else if (strcmp(what, "late") == 0) {
      make_name(10);
      report.kind = FH_REPORT_HEAP_BUFFER_OVERFLOW;
      report.flags = FH_REPORT_FOUND_LATE;
      fill_name(12);
      stand_in_write(&report);
    } else if (strcmp(what, "after-free") == 0) {
      use_after_free();
    } else if (strcmp(what, "thread") == 0) {
      pthread_t thread;
      pthread_create(&thread, NULL, in_thread, NULL);
      pthread_join(thread, NULL);
    } else if (strncmp(what, "kind=", 5) == 0) {
      make_name(10);
      report.kind = (uint32_t)number;
      fill_name(1);
      stand_in_write(&report);
    } else if (strncmp(what, "leak=", 5) == 0) {
      lose((uint64_t)number, 0);
      stand_in_summary.leaks_searched = 1;
      stand_in_summary.leaked_objects = (uint64_t)number;
      stand_in_summary.leaked_bytes = 10 * (uint64_t)number;
    } else if (strcmp(what, "reachable") == 0) {
      lose(1, FH_REPORT_REACHABLE);
    } else if (strncmp(what, "many=", 5) == 0) {
      many(number);
    } else if (strncmp(what, "peak=", 5) == 0) {
      stand_in_summary.peak_live_bytes = (uint64_t)number;
    } else if (strcmp(what, "fork") == 0) {
      pid_t child = fork();
      if (child > 0)
        waitpid(child, NULL, 0);
    } else if (strcmp(what, "exec") == 0) {
      execv("/proc/self/exe", arguments + i);
    } else if (strcmp(what, "fill") == 0) {
      printf("same\nfilled with %s\n", stand_in_setting("fill"));
    } else if (strcmp(what, "sites") == 0) {
      sites();
    } else if (strncmp(what, "answer=", 7) == 0) {
      answers(what + 7);
    } else if (strncmp(what, "exit=", 5) == 0) {
      exit(number);
    } else if (strncmp(what, "signal=", 7) == 0) {
      raise(number);
    } else if (strcmp(what, "settings") == 0) {
      puts(getenv("FREEHOLD"));
      puts(getenv("LD_PRELOAD"));
    } else if (strcmp(what, "wait") == 0) {
      puts("ready");
      fflush(stdout);
      pause();
    } else if (strcmp(what, "read") == 0) {
      int letter;
      while ((letter = getchar()) != EOF)
        putchar(letter);
    } else {
      return 9;
    }
  }
  return 0;
}
