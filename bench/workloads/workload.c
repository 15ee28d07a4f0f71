/* workload.c: main of every workload: the arguments, the run, the report on request. */
#include "workload.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  MOST_THREADS = 64,
  REST_SECONDS = 2, /* longer than any allocator here takes to give idle memory back by itself */
};

static void say(int fd, const char *text) {
  if (write(fd, text, strlen(text)) < 0)
    _exit(1);
}

void workload_fail(const char *what) {
  say(2, "workload: ");
  say(2, what);
  say(2, "\n");
  _exit(1);
}

void *workload_take(size_t size) {
  void *object = malloc(size);
  if (object == NULL)
    workload_fail("malloc returned NULL");
  return object;
}

void workload_on_threads(unsigned threads, void *(*body)(void *), void *arguments, size_t stride) {
  pthread_t handles[MOST_THREADS];
  if (threads > MOST_THREADS)
    workload_fail("too many threads");
  for (unsigned i = 0; i < threads; i++)
    if (pthread_create(&handles[i], NULL, body, (char *)arguments + i * stride) != 0)
      workload_fail("pthread_create failed");
  for (unsigned i = 0; i < threads; i++)
    pthread_join(handles[i], NULL);
}

/* Resident bytes as the page tables have them. /proc/self/statm would be cheaper, but the kernel keeps its counters
 * per CPU and may be off by half a megabyte. */
static uint64_t resident_bytes(void) {
  static char text[4096];
  int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    workload_fail("cannot open /proc/self/smaps_rollup");
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0)
    workload_fail("cannot read /proc/self/smaps_rollup");
  text[length] = 0;
  const char *line = strstr(text, "\nRss:");
  if (line == NULL)
    workload_fail("no Rss in /proc/self/smaps_rollup");
  uint64_t kibibytes = 0;
  for (line += 5; *line == ' '; line++) {
  }
  for (; *line >= '0' && *line <= '9'; line++)
    kibibytes = kibibytes * 10 + (uint64_t)(*line - '0');
  return kibibytes * 1024;
}

static void report_resident(void) {
  struct timespec rest = {.tv_sec = REST_SECONDS};
  nanosleep(&rest, NULL);
  char digits[24];
  char *at = digits + sizeof digits;
  *--at = 0;
  *--at = '\n';
  for (uint64_t bytes = resident_bytes(); bytes != 0 || at[0] == '\n'; bytes /= 10)
    *--at = (char)('0' + bytes % 10);
  say(1, "rss_after_free_bytes ");
  say(1, at);
}

int main(int argc, char **argv) {
  uint64_t amount = workload.amount;
  unsigned threads = workload.threads;
  int report = 0;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--rss") == 0)
      report = 1;
    else if (strcmp(argv[i], "--amount") == 0 && i + 1 < argc)
      amount = strtoull(argv[++i], NULL, 10);
    else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
      threads = (unsigned)strtoul(argv[++i], NULL, 10);
    else
      workload_fail("usage: [--amount N] [--threads N] [--rss]");
  }
  workload.run(amount, threads);
  if (report)
    report_resident();
  return 0;
}
