/* feature_settings.c: figures and settings of the machine. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tool/proc/feature.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

static bool read_line(const char *path, char *line, size_t bytes) {
  FILE *file = fopen(path, "re");
  if (file == NULL)
    return false;
  bool got = fgets(line, (int)bytes, file) != NULL;
  fclose(file);
  if (got)
    line[strcspn(line, "\n")] = '\0';
  return got;
}

static void write_bytes(char *value, uint64_t bytes) {
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (unit + 1 < sizeof units / sizeof units[0] && bytes >= 1024 && bytes % 1024 == 0) {
    bytes /= 1024;
    unit++;
  }
  snprintf(value, FEATURE_VALUE_BYTES, "%llu %s", (unsigned long long)bytes, units[unit]);
}

bool probe_page_size(char *value) {
  enum { SLICE_BYTES = 64 << 10 };
  long bytes = sysconf(_SC_PAGESIZE);
  write_bytes(value, (uint64_t)bytes);
  return bytes > 0 && bytes <= SLICE_BYTES;
}

/* The highest bit that an address may have set: mapping a page there succeeds, or finds it taken. */
bool probe_address_bits(char *value) {
  enum { HIGHEST_BIT = 62, LOWEST_BIT = 30 };
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  for (unsigned bit = HIGHEST_BIT; bit >= LOWEST_BIT; bit--) {
    void *wanted = (void *)((uintptr_t)1 << bit); // NOLINT(performance-no-int-to-ptr)
    void *got =
        mmap(wanted, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    bool reachable = got == wanted || (got == MAP_FAILED && errno == EEXIST);
    if (got != MAP_FAILED)
      munmap(got, page);
    if (reachable) {
      snprintf(value, FEATURE_VALUE_BYTES, "%u", bit + 1);
      return bit + 1 >= 39; /* the least that a 64-bit Linux is built with */
    }
  }
  return false;
}

bool probe_reservation(char *value) {
  static const uint64_t wanted = 1ull << 40, least = 1ull << 24;
  for (uint64_t bytes = wanted; bytes >= least; bytes /= 2) {
    void *got = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (got != MAP_FAILED) {
      munmap(got, bytes);
      write_bytes(value, bytes);
      return bytes == wanted;
    }
  }
  snprintf(value, FEATURE_VALUE_BYTES, "none: %s", strerror(errno));
  return false;
}

bool probe_overcommit(char *value) {
  char line[64];
  if (!read_line("/proc/sys/vm/overcommit_memory", line, sizeof line)) {
    snprintf(value, FEATURE_VALUE_BYTES, "unknown");
    return false;
  }
  int mode = atoi(line);
  static const char *const meanings[] = {"heuristic", "always", "strict"};
  snprintf(value, FEATURE_VALUE_BYTES, "%d (%s)", mode, mode >= 0 && mode <= 2 ? meanings[mode] : "unknown");
  return mode != 2;
}

bool probe_address_limit(char *value) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0)
    return false;
  if (limit.rlim_cur == RLIM_INFINITY) {
    snprintf(value, FEATURE_VALUE_BYTES, "unlimited");
    return true;
  }
  write_bytes(value, limit.rlim_cur);
  return false;
}

/* The kernel shows "always [madvise] never". */
bool probe_huge_pages(char *value) {
  char line[128];
  if (!read_line("/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof line)) {
    snprintf(value, FEATURE_VALUE_BYTES, "not in this kernel");
    return false;
  }
  char *mode = strchr(line, '[');
  if (mode == NULL)
    return false;
  mode++;
  mode[strcspn(mode, "]")] = '\0';
  snprintf(value, FEATURE_VALUE_BYTES, "%s", mode);
  return strcmp(mode, "never") != 0;
}

bool probe_map_count(char *value) {
  enum { KERNEL_DEFAULT = 65530 };
  char line[64];
  if (!read_line("/proc/sys/vm/max_map_count", line, sizeof line)) {
    snprintf(value, FEATURE_VALUE_BYTES, "unknown");
    return false;
  }
  snprintf(value, FEATURE_VALUE_BYTES, "%s", line);
  return atol(line) >= KERNEL_DEFAULT;
}

/* Where cgroup v2 is mounted, and this process's group in it. */
static bool find_group(char *mount, char *group, size_t bytes) {
  FILE *file = fopen("/proc/self/mounts", "re");
  if (file == NULL)
    return false;
  char line[1024], kind[64], place[512];
  bool mounted = false;
  while (!mounted && fgets(line, sizeof line, file) != NULL)
    mounted = sscanf(line, "%*s %511s %63s", place, kind) == 2 && strcmp(kind, "cgroup2") == 0;
  fclose(file);
  file = mounted ? fopen("/proc/self/cgroup", "re") : NULL;
  if (file == NULL)
    return false;
  bool found = false;
  while (!found && fgets(line, sizeof line, file) != NULL)
    found = strncmp(line, "0::", 3) == 0;
  fclose(file);
  line[strcspn(line, "\n")] = '\0';
  snprintf(mount, bytes, "%s", place);
  snprintf(group, bytes, "%s", found ? line + 3 : "");
  return found;
}

/* The tightest limit from this process's group up to the root, which has none. */
bool probe_group_memory(char *value) {
  char mount[1024], group[1024];
  if (!find_group(mount, group, sizeof group)) {
    snprintf(value, FEATURE_VALUE_BYTES, "cgroup v2 is not mounted");
    return false;
  }
  uint64_t tightest = UINT64_MAX;
  bool any = false;
  for (;;) {
    char path[2200], line[64];
    snprintf(path, sizeof path, "%s%s/memory.max", mount, group);
    if (read_line(path, line, sizeof line)) {
      any = true;
      uint64_t limit = strcmp(line, "max") == 0 ? UINT64_MAX : strtoull(line, NULL, 10);
      tightest = limit < tightest ? limit : tightest;
    }
    char *slash = strrchr(group, '/');
    if (slash == NULL)
      break;
    *slash = '\0';
  }
  if (!any)
    snprintf(value, FEATURE_VALUE_BYTES, "no memory controller for this group");
  else if (tightest == UINT64_MAX)
    snprintf(value, FEATURE_VALUE_BYTES, "no limit set");
  else
    write_bytes(value, tightest);
  return any;
}
