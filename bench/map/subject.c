/*
 * subject.c: a large process that feels when somebody holds its lock on mappings.
 *
 * subject RESERVED_GIB RESIDENT_MIB [heap]
 *
 * Reserves and touches memory in small pages (heap: with malloc, in objects of 200 bytes; else mapped), and says
 * "ready". A thread maps, touches and unmaps a page a thousand times a second: its heartbeat. For each line of
 * input the longest beat since the last line is printed, in nanoseconds, and how many there were.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { PAGE = 4096, OBJECT = 200 };

static uint64_t longest, beats;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void *beat(void *unused) {
  for (;;) {
    uint64_t started = now();
    volatile char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    page[0] = 1;
    munmap((void *)page, PAGE);
    uint64_t took = now() - started;
    if (took > __atomic_load_n(&longest, __ATOMIC_RELAXED))
      __atomic_store_n(&longest, took, __ATOMIC_RELAXED);
    __atomic_add_fetch(&beats, 1, __ATOMIC_RELAXED);
    nanosleep(&(struct timespec){0, 1000000}, NULL);
  }
  return unused;
}

static void touch(char *at, size_t bytes) {
  for (size_t i = 0; i < bytes; i += PAGE)
    at[i] = 1;
}

int main(int count, char **arguments) {
  if (count < 3)
    return 2;
  size_t reserved = (size_t)atol(arguments[1]) << 30, resident = (size_t)atol(arguments[2]) << 20;
  char *stretch = mmap(NULL, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (stretch == MAP_FAILED)
    return 3;
  madvise(stretch, reserved, MADV_NOHUGEPAGE);
  if (count > 3)
    for (size_t done = 0; done < resident; done += OBJECT) {
      char *object = malloc(OBJECT);
      if (object == NULL)
        return 3;
      object[0] = 1;
    }
  else
    touch(stretch, resident);
  pthread_t thread;
  pthread_create(&thread, NULL, beat, NULL);
  puts("ready");
  fflush(stdout);
  char line[16];
  while (fgets(line, sizeof line, stdin) != NULL) {
    printf("%llu %llu\n", (unsigned long long)__atomic_exchange_n(&longest, 0, __ATOMIC_RELAXED),
           (unsigned long long)__atomic_exchange_n(&beats, 0, __ATOMIC_RELAXED));
    fflush(stdout);
  }
  return 0;
}
