#include "reach/kernel_roots.h"
#include "base/print.h"
#include "reach/sequence.h"
#include "space/kernel.h"
#include "space/process.h"

#include <string.h>

static struct gathered {
  struct sequence roots;
  size_t kept; /* the first so many came from kernel_roots_keep */
  bool enough; /* memory */
} gathered = {.roots = SEQUENCE_OF(struct kernel_root)};

static void add_root(enum kernel_root_kind kind, uint64_t number, uint64_t word) {
  struct kernel_root *root = sequence_push(&gathered.roots);
  if (root == NULL)
    gathered.enough = false;
  else
    *root = (struct kernel_root){word, kind, (uint32_t)number};
}

static uint64_t parse_number(const char *at, unsigned radix) {
  uint64_t value = 0;
  for (;; at++) {
    unsigned worth = *at >= '0' && *at <= '9'   ? (unsigned)(*at - '0')
                     : *at >= 'a' && *at <= 'f' ? (unsigned)(*at - 'a') + 10
                                                : 99;
    if (worth >= radix)
      return value;
    value = value * radix + worth;
  }
}

/* Calls `take` for each line of a file; longer ones than the buffer are not of interest. */
static void each_line(const char *path, void (*take)(void *context, const char *line), void *context) {
  long fd = kernel_open_file(path);
  if (fd < 0)
    return;
  char buffer[2048];
  size_t filled = 0;
  long got;
  while ((got = kernel_read((int)fd, buffer + filled, sizeof buffer - 1 - filled)) > 0) {
    filled += (size_t)got;
    size_t from = 0;
    for (size_t i = 0; i < filled; i++)
      if (buffer[i] == '\n') {
        buffer[i] = '\0';
        take(context, buffer + from);
        from = i + 1;
      }
    if (from == 0 && filled == sizeof buffer - 1)
      from = filled;
    filled -= from;
    memmove(buffer, buffer + from, filled);
  }
  kernel_close((int)fd);
}

static void path_of(struct text *path, const char *folder, unsigned long number) {
  text_clear(path);
  text_add(path, folder);
  text_add_decimal(path, number);
  text_add_bytes(path, "", 1);
}

/* "tfd:        5 events:       19 data:     55d0c0ffee10  pos:0 ino:..." */
static void take_epoll_line(void *context, const char *line) {
  if (strncmp(line, "tfd:", 4) != 0)
    return;
  const char *at = strstr(line, "data:");
  if (at == NULL)
    return;
  for (at += strlen("data:"); *at == ' '; at++)
    ;
  add_root(KERNEL_ROOT_EPOLL, *(unsigned long *)context, parse_number(at, 16));
}

static bool look_at_descriptor(void *context, unsigned long number) {
  (void)context;
  struct text path;
  char leads_to[64];
  path_of(&path, "/proc/self/fd/", number);
  if (process_read_link(path.bytes, leads_to, sizeof leads_to) <= 0 ||
      strcmp(leads_to, "anon_inode:[eventpoll]") != 0)
    return true;
  path_of(&path, "/proc/self/fdinfo/", number);
  each_line(path.bytes, take_epoll_line, &number);
  return true;
}

/* "ID: 3", and then "signal: 34/000055d0c0ffee10". */
static void take_timer_line(void *context, const char *line) {
  uint64_t *timer = context;
  if (strncmp(line, "ID: ", 4) == 0)
    *timer = parse_number(line + 4, 10);
  const char *slash = strchr(line, '/');
  if (strncmp(line, "signal: ", 8) == 0 && slash != NULL)
    add_root(KERNEL_ROOT_TIMER, *timer, parse_number(slash + 1, 16));
}

static void read_own(void) {
  uint64_t timer = 0;
  each_line("/proc/self/timers", take_timer_line, &timer);
  uintptr_t stack = process_alternate_stack();
  if (stack != 0)
    add_root(KERNEL_ROOT_SIGNAL_STACK, (uint64_t)process_thread_id(), stack);
}

void kernel_roots_forget(void) {
  sequence_release(&gathered.roots);
  gathered.kept = 0;
}

bool kernel_roots_keep(void) {
  gathered.enough = true;
  sequence_clear(&gathered.roots);
  read_own();
  gathered.kept = gathered.roots.count;
  return gathered.enough;
}

bool kernel_roots_read(void) {
  gathered.enough = true;
  gathered.roots.count = gathered.kept;
  if (gathered.kept == 0)
    read_own();
  process_each_number("/proc/self/fd", look_at_descriptor, NULL);
  return gathered.enough;
}

size_t kernel_roots_count(void) {
  return gathered.roots.count;
}

const struct kernel_root *kernel_root_number(size_t index) {
  return sequence_at(&gathered.roots, index);
}
