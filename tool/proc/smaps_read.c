#include "tool/proc/smaps_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_BYTES = 1 << 14, READ_BYTES = 4096 };

struct reading {
  smaps_found found;
  void *context;
  uint64_t start, end; /* of the mapping whose lines are being read; end 0: none yet */
  struct page_counts pages;
};

static void finish_mapping(struct reading *reading) {
  if (reading->end != 0)
    reading->found(reading->context, reading->start, reading->end, &reading->pages);
  reading->pages = (struct page_counts){0};
  reading->end = 0;
}

static void add_line(struct reading *reading, char *line) {
  static const struct {
    const char *name;
    size_t offset;
  } fields[] = {
      {"Rss", offsetof(struct page_counts, resident_bytes)},
      {"Pss", offsetof(struct page_counts, proportional_bytes)},
      {"Private_Clean", offsetof(struct page_counts, private_bytes)},
      {"Private_Dirty", offsetof(struct page_counts, private_bytes)},
      {"Swap", offsetof(struct page_counts, swapped_bytes)},
      {"AnonHugePages", offsetof(struct page_counts, huge_bytes)},
      {"ShmemPmdMapped", offsetof(struct page_counts, huge_bytes)},
      {"FilePmdMapped", offsetof(struct page_counts, huge_bytes)},
      {"LazyFree", offsetof(struct page_counts, lazily_freed_bytes)},
      {"Shared_Hugetlb", offsetof(struct page_counts, huge_pool_bytes)},
      {"Private_Hugetlb", offsetof(struct page_counts, huge_pool_bytes)},
  };
  char *name_end = line + strcspn(line, ": ");
  if (*name_end != ':') { /* "start-end permissions ...": the first word has no colon */
    char *at;
    uint64_t start = strtoull(line, &at, 16);
    if (*at != '-')
      return;
    finish_mapping(reading);
    reading->start = start;
    reading->end = strtoull(at + 1, NULL, 16);
    return;
  }
  *name_end = '\0';
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
    if (strcmp(line, fields[i].name) == 0)
      *(uint64_t *)(void *)((char *)&reading->pages + fields[i].offset) += strtoull(name_end + 1, NULL, 10) * 1024;
}

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

int smaps_read(pid_t pid, smaps_found found, void *context, uint64_t *calls, uint64_t *longest_nanoseconds) {
  *calls = *longest_nanoseconds = 0;
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/smaps", (long)pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return errno == ENOENT ? ESRCH : errno;
  char *buffer = malloc(BUFFER_BYTES);
  int error = buffer == NULL ? ENOMEM : 0;
  struct reading reading = {.found = found, .context = context};
  size_t used = 0;
  bool cut = false; /* in the middle of a line that is longer than the buffer: a path */
  while (error == 0) {
    uint64_t started = now();
    size_t wanted = BUFFER_BYTES - used - 1 < READ_BYTES ? BUFFER_BYTES - used - 1 : READ_BYTES;
    ssize_t got = read(file, buffer + used, wanted);
    uint64_t took = now() - started;
    ++*calls;
    if (took > *longest_nanoseconds)
      *longest_nanoseconds = took;
    if (got <= 0) {
      error = got < 0 ? errno : 0;
      break;
    }
    used += (size_t)got;
    size_t done = 0;
    for (char *end; (end = memchr(buffer + done, '\n', used - done)) != NULL;) {
      *end = '\0';
      if (!cut)
        add_line(&reading, buffer + done);
      cut = false;
      done = (size_t)(end - buffer) + 1;
    }
    if (done == 0 && used == BUFFER_BYTES - 1) {
      buffer[used] = '\0';
      if (!cut)
        add_line(&reading, buffer);
      cut = true;
      done = used;
    }
    memmove(buffer, buffer + done, used - done);
    used -= done;
  }
  finish_mapping(&reading);
  free(buffer);
  close(file);
  return error;
}
