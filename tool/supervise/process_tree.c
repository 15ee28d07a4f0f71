#include "tool/supervise/process_tree.h"

#include <ctype.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool/proc/small_file.h"
#include "tool/report/memory.h"
#include "tool/supervise/clock.h"

void pid_list_add(struct pid_list *list, pid_t pid) {
  list->pids = memory_grow(list->pids, list->count, &list->room, sizeof list->pids[0]);
  list->pids[list->count++] = pid;
}

bool pid_list_has(const struct pid_list *list, pid_t pid) {
  for (size_t i = 0; i < list->count; i++)
    if (list->pids[i] == pid)
      return true;
  return false;
}

void pid_list_destroy(struct pid_list *list) {
  free(list->pids);
  *list = (struct pid_list){0};
}

enum { STAT_BYTES = 1024, PATH_BYTES = 96, CHILDREN_BYTES = 1 << 16 };

/* /proc/PID/stat behind the name, which may hold anything: "R 1 2 3 ...". */
static const char *read_stat(const char *path, char *buffer) {
  if (small_file_read(path, buffer, STAT_BYTES) <= 0)
    return NULL;
  const char *end = strrchr(buffer, ')');
  return end != NULL && end[1] == ' ' ? end + 2 : NULL;
}

/* The field of that number in proc(5), which counts from 1 and calls the state 3. */
static unsigned long long stat_field(const char *from_state, int number) {
  enum { STATE_FIELD = 3 };
  for (int at = STATE_FIELD; at < number && from_state != NULL; at++) {
    from_state = strchr(from_state, ' ');
    if (from_state != NULL)
      from_state++;
  }
  return from_state != NULL ? strtoull(from_state, NULL, 10) : 0;
}

char process_state(pid_t pid) {
  char path[PATH_BYTES], buffer[STAT_BYTES];
  snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
  const char *stat = read_stat(path, buffer);
  return stat != NULL ? stat[0] : '\0';
}

static bool is_number(const char *name) {
  return isdigit((unsigned char)name[0]);
}

/* Calls `visit` for each thread of a process, until it gives true; whether it did. */
static bool each_thread(pid_t pid, bool (*visit)(void *context, pid_t pid, const char *thread), void *context) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
  DIR *threads = opendir(path);
  if (threads == NULL)
    return false;
  bool done = false;
  for (struct dirent *entry; !done && (entry = readdir(threads)) != NULL;)
    done = is_number(entry->d_name) && visit(context, pid, entry->d_name);
  closedir(threads);
  return done;
}

/* A child is in the list of the thread that started it. */
static bool add_children(void *context, pid_t pid, const char *thread) {
  struct pid_list *into = context;
  static char buffer[CHILDREN_BYTES];
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "/proc/%ld/task/%.20s/children", (long)pid, thread);
  if (small_file_read(path, buffer, sizeof buffer) <= 0)
    return false;
  char *end;
  for (char *at = buffer;; at = end) {
    long child = strtol(at, &end, 10);
    if (end == at)
      return false;
    pid_list_add(into, (pid_t)child);
  }
}

/* Where the kernel keeps no lists of children: every process is asked for its parent. */
static void add_children_by_parent(pid_t parent, struct pid_list *into) {
  DIR *processes = opendir("/proc");
  if (processes == NULL)
    return;
  enum { PARENT_FIELD = 4 };
  for (struct dirent *entry; (entry = readdir(processes)) != NULL;) {
    char path[PATH_BYTES], buffer[STAT_BYTES];
    snprintf(path, sizeof path, "/proc/%.20s/stat", entry->d_name);
    const char *stat = is_number(entry->d_name) ? read_stat(path, buffer) : NULL;
    if (stat != NULL && (pid_t)stat_field(stat, PARENT_FIELD) == parent)
      pid_list_add(into, (pid_t)strtol(entry->d_name, NULL, 10));
  }
  closedir(processes);
}

static void add_children_of(pid_t pid, struct pid_list *into) {
  static int kernel_keeps_lists = -1;
  if (kernel_keeps_lists < 0)
    kernel_keeps_lists = access("/proc/thread-self/children", R_OK) == 0;
  if (kernel_keeps_lists)
    each_thread(pid, add_children, into);
  else
    add_children_by_parent(pid, into);
}

void process_tree_collect(pid_t root, struct pid_list *into) {
  into->count = 0;
  add_children_of(root, into);
  for (size_t i = 0; i < into->count; i++)
    add_children_of(into->pids[i], into);
}

/* The clock that counts a process's time on the processors; clock_getcpuclockid(3) would ask for each one whether it
 * is there. */
static clockid_t cpu_clock(pid_t pid) {
  enum { CLOCK_KIND_BITS = 3, CLOCK_SCHEDULED = 2 };
  return (clockid_t)((~(unsigned)pid << CLOCK_KIND_BITS) | CLOCK_SCHEDULED);
}

static uint64_t ended_children_cpu(pid_t pid) {
  enum { CHILDREN_USER_FIELD = 16, CHILDREN_SYSTEM_FIELD = 17 };
  char path[PATH_BYTES], buffer[STAT_BYTES];
  snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
  const char *stat = read_stat(path, buffer);
  if (stat == NULL)
    return 0;
  unsigned long long ticks = stat_field(stat, CHILDREN_USER_FIELD) + stat_field(stat, CHILDREN_SYSTEM_FIELD);
  return ticks * (SECOND / (unsigned long long)sysconf(_SC_CLK_TCK));
}

uint64_t process_tree_cpu(pid_t root, const struct pid_list *tree) {
  uint64_t sum = ended_children_cpu(root);
  for (size_t i = 0; i < tree->count; i++) {
    struct timespec time;
    if (clock_gettime(cpu_clock(tree->pids[i]), &time) == 0)
      sum += nanoseconds_of(time);
    sum += ended_children_cpu(tree->pids[i]);
  }
  return sum;
}

static bool thread_wants_processor(void *context, pid_t pid, const char *thread) {
  (void)context;
  char path[PATH_BYTES], buffer[STAT_BYTES];
  snprintf(path, sizeof path, "/proc/%ld/task/%.20s/stat", (long)pid, thread);
  const char *stat = read_stat(path, buffer);
  return stat != NULL && stat[0] == 'R';
}

bool process_tree_wants_processor(const struct pid_list *tree) {
  for (size_t i = 0; i < tree->count; i++)
    if (each_thread(tree->pids[i], thread_wants_processor, NULL))
      return true;
  return false;
}

void process_tree_stop(pid_t root, struct pid_list *stopped) {
  enum { ROUNDS = 64 };
  struct pid_list tree = {0}, standing = {0};
  stopped->count = 0;
  bool found = true;
  for (int round = 0; found && round < ROUNDS; round++) {
    found = false;
    process_tree_collect(root, &tree);
    for (size_t i = 0; i < tree.count; i++) {
      pid_t pid = tree.pids[i];
      if (pid_list_has(stopped, pid) || pid_list_has(&standing, pid))
        continue;
      found = true; /* it may have started others before it stood: look once more */
      char state = process_state(pid);
      if (state == 'T' || state == 't' || state == 'Z' || state == '\0')
        pid_list_add(&standing, pid);
      else if (kill(pid, SIGSTOP) == 0)
        pid_list_add(stopped, pid);
      else
        pid_list_add(&standing, pid);
    }
  }
  pid_list_destroy(&tree);
  pid_list_destroy(&standing);
}

void process_tree_continue(struct pid_list *stopped) {
  /* Children first: a shell that comes back to life should not see that they stood. */
  for (size_t i = stopped->count; i > 0; i--)
    kill(stopped->pids[i - 1], SIGCONT);
  stopped->count = 0;
}

size_t process_tree_signal(pid_t root, int signal_number) {
  struct pid_list tree = {0};
  process_tree_collect(root, &tree);
  size_t count = 0;
  for (size_t i = 0; i < tree.count; i++) {
    char state = process_state(tree.pids[i]);
    if (state != 'Z' && state != '\0' && kill(tree.pids[i], signal_number) == 0)
      count++;
  }
  pid_list_destroy(&tree);
  return count;
}
