/* A process with every kind of memory, for `freehold map`: what its arguments say, then "ready", then it waits for input. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

enum { PAGE = 4096 };
#define HUGE_PAGE ((size_t)2 << 20)

static volatile int running = 1;
static int named; /* threads that have their name */

static void must(int good, const char *what) {
  if (good)
    return;
  perror(what);
  exit(9);
}

static char *map(size_t bytes, int flags, int file) {
  char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
  must(at != MAP_FAILED, "mmap");
  return at;
}

static void touch(char *at, size_t bytes) {
  for (size_t i = 0; i < bytes; i += PAGE)
    at[i] = 1;
}

static char *anonymous(size_t bytes) {
  return map(bytes, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
}

static void *wait_in_thread(void *name) {
  prctl(PR_SET_NAME, name);
  __atomic_add_fetch(&named, 1, __ATOMIC_RELEASE);
  for (;;)
    pause();
}

static void *run_in_thread(void *name) {
  prctl(PR_SET_NAME, name);
  __atomic_add_fetch(&named, 1, __ATOMIC_RELEASE);
  while (running)
    continue;
  return NULL;
}

static void start_threads(size_t count, const char *kind, void *(*body)(void *)) {
  for (size_t i = 0; i < count; i++) {
    char *name = malloc(16);
    snprintf(name, 16, "%s-%zu", kind, i);
    pthread_t thread;
    must(pthread_create(&thread, NULL, body, name) == 0, "pthread_create");
  }
  static int wanted;
  wanted += (int)count;
  while (__atomic_load_n(&named, __ATOMIC_ACQUIRE) < wanted)
    sched_yield();
}

static void share(size_t bytes, size_t children) {
  char *at = map(bytes, MAP_SHARED | MAP_ANONYMOUS, -1);
  touch(at, bytes);
  char *copied = anonymous(bytes); /* shared until it is written */
  touch(copied, bytes);
  for (size_t i = 0; i < children; i++) {
    int ends[2];
    must(pipe(ends) == 0, "pipe");
    pid_t child = fork();
    if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      volatile char sum = 0;
      for (size_t j = 0; j < bytes; j += PAGE)
        sum += at[j] + copied[j];
      must(write(ends[1], "", 1) == 1, "write");
      for (;;)
        pause();
    }
    char byte;
    must(child > 0 && read(ends[0], &byte, 1) == 1, "fork");
  }
}

static void make(const char *what, size_t megabytes) {
  size_t bytes = megabytes << 20;
  if (strcmp(what, "resident") == 0) {
    touch(anonymous(bytes), bytes);
  } else if (strcmp(what, "reserved") == 0) {
    anonymous(bytes);
  } else if (strcmp(what, "huge") == 0) {
    char *at = anonymous(bytes + HUGE_PAGE);
    at += HUGE_PAGE - (size_t)at % HUGE_PAGE;
    must(madvise(at, bytes, MADV_HUGEPAGE) == 0, "MADV_HUGEPAGE");
    touch(at, bytes);
  } else if (strcmp(what, "lazy") == 0) {
    char *at = anonymous(bytes);
    touch(at, bytes);
    must(madvise(at, bytes, MADV_FREE) == 0, "MADV_FREE");
  } else if (strcmp(what, "swap") == 0) {
    char *at = anonymous(bytes);
    touch(at, bytes);
    must(madvise(at, bytes, MADV_PAGEOUT) == 0, "MADV_PAGEOUT");
  } else if (strcmp(what, "zero") == 0) { /* the kernel's page of zeros: mapped, and not resident */
    volatile char sum = 0;
    char *at = anonymous(bytes);
    for (size_t i = 0; i < bytes; i += PAGE)
      sum += at[i];
  } else if (strcmp(what, "guards") == 0) {
    char *at = anonymous(bytes);
    touch(at, bytes);
    for (size_t i = 0; i < bytes; i += 2 * PAGE)
      must(madvise(at + i, PAGE, MADV_GUARD_INSTALL) == 0, "MADV_GUARD_INSTALL");
  } else if (strcmp(what, "memfd") == 0) {
    int file = memfd_create("picture", 0);
    must(ftruncate(file, (off_t)bytes) == 0, "ftruncate");
    touch(map(bytes, MAP_SHARED, file), bytes / 2);
  } else if (strcmp(what, "file") == 0) {
    int file = open("/proc/self/exe", O_RDONLY);
    char *at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, file, 0);
    must(at != MAP_FAILED && at[0] == 0x7f, "mmap of a file");
  } else if (strcmp(what, "share") == 0) {
    share(bytes, 3);
  } else if (strcmp(what, "waiting") == 0) {
    start_threads(megabytes, "waits", wait_in_thread);
  } else if (strcmp(what, "running") == 0) {
    start_threads(megabytes, "runs", run_in_thread);
  } else if (strcmp(what, "spans") == 0) { /* a large heap that is hardly there */
    size_t count = bytes / 49152;
    void **objects = malloc(count * sizeof *objects);
    for (size_t i = 0; i < count; i++)
      must((objects[i] = malloc(49152)) != NULL, "malloc");
    for (size_t i = 0; i < count; i += 3)
      free(objects[i]);
    free(objects);
  } else if (strcmp(what, "code") == 0) {
    must(mmap(NULL, bytes, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED,
         what);
  } else if (strcmp(what, "churn") == 0) {
    puts("ready");
    fflush(stdout);
    for (unsigned i = 0;; i++) {
      static char *held[64];
      if (held[i % 64] != NULL)
        munmap(held[i % 64], (i % 7 + 1) * PAGE);
      held[i % 64] = anonymous((i + 64) % 7 * PAGE + PAGE);
      touch(held[i % 64], PAGE);
      free(malloc(i % 100000));
    }
  } else if (strcmp(what, "exit") == 0) {
    exit((int)megabytes);
  } else {
    exit(8);
  }
}

int main(int count, char **arguments) {
  for (int i = 1; i < count; i++) {
    char *number = strchr(arguments[i], '=');
    if (number != NULL)
      *number++ = '\0';
    make(arguments[i], number != NULL ? (size_t)atol(number) : 1);
  }
  setvbuf(stdin, NULL, _IONBF, 0);
  puts("ready");
  fflush(stdout);
  /* Each line of input makes more. */
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *number = strchr(line, '=');
    if (number != NULL)
      *number++ = '\0';
    make(line, number != NULL ? (size_t)atol(number) : 1);
    puts("ready");
    fflush(stdout);
  }
  return 0;
}
