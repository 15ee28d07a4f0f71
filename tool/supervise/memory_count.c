#include "tool/supervise/memory_count.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/proc/small_file.h"
#include "tool/supervise/clock.h"

/* An exact count takes at most this share of the time: after one that took a millisecond, none for a hundred. */
#define COUNTING_SHARE 100u
/* And is made at least, at most so often. */
#define COUNT_OLDEST      (2 * SECOND)
#define COUNT_OLDEST_NEAR (100 * MILLISECOND)

static uint64_t rss_of(pid_t pid) {
  char buffer[256];
  static long page_bytes;
  if (page_bytes == 0)
    page_bytes = sysconf(_SC_PAGESIZE);
  unsigned long long pages;
  if (small_file_of(pid, "statm", buffer, sizeof buffer) <= 0 || sscanf(buffer, "%*s %llu", &pages) != 1)
    return 0;
  return pages * (uint64_t)page_bytes;
}

/* Whether it could be read; processes of another user can't be. */
static bool pss_of(pid_t pid, uint64_t *bytes) {
  char buffer[2048];
  if (small_file_of(pid, "smaps_rollup", buffer, sizeof buffer) <= 0)
    return false;
  const char *line = strstr(buffer, "\nPss:");
  if (line == NULL)
    return false;
  *bytes = strtoull(line + strlen("\nPss:"), NULL, 10) * 1024;
  return true;
}

void memory_count(struct job *job, uint64_t now, bool near) {
  if (job->group.path[0] == '\0' || !group_processes(&job->group, &job->tree))
    process_tree_collect(job->keeper, &job->tree);
  uint64_t rss = 0;
  for (size_t i = 0; i < job->tree.count; i++)
    rss += rss_of(job->tree.pids[i]);
  uint64_t age = now - job->counted_at;
  bool changed = rss != job->counted_rss;
  bool due = job->counted_at == 0 || (age > COUNTING_SHARE * job->counting_cost &&
                                      age > (near && changed ? COUNT_OLDEST_NEAR : COUNT_OLDEST));
  if (due) {
    uint64_t begin = clock_now(), pss = 0;
    for (size_t i = 0; i < job->tree.count; i++) {
      uint64_t own;
      pss += pss_of(job->tree.pids[i], &own) ? own : rss_of(job->tree.pids[i]);
    }
    job->counting_cost = clock_now() - begin;
    job->counted_at = now;
    job->counted_pss = pss;
    job->counted_rss = rss;
  }
  if (rss >= job->counted_rss)
    job->held = job->counted_pss + (rss - job->counted_rss);
  else if (job->counted_rss > 0) /* what went back was shared or not: in proportion */
    job->held = (uint64_t)((double)job->counted_pss * ((double)rss / (double)job->counted_rss));
  /* A share is never more than the whole; what came between the two readings would else count twice. */
  if (job->held > rss && rss > 0)
    job->held = rss;
}
