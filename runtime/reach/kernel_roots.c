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
  bool unseen; /* some io_uring has requests in flight that its ring does not show any more */
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

/* What the kernel says of an io_uring. Counters are of 32 bits and wrap. */
struct uring {
  unsigned long descriptor;
  uint32_t mask, submitted, completed;
  bool in_buffers;
};

static bool take_number(const char *line, const char *name, uint32_t *number) {
  size_t length = strlen(name);
  if (strncmp(line, name, length) != 0)
    return false;
  const char *at = line + length;
  bool hexadecimal = strncmp(at, "0x", 2) == 0;
  *number = (uint32_t)parse_number(at + (hexadecimal ? 2 : 0), hexadecimal ? 16 : 10);
  return true;
}

/* "SqMask:\t0x7", "CachedSqHead:\t12", "CachedCqTail:\t11"; behind "UserBufs:\t1": "    0: 0x7f53e2a01000/4096". */
static void take_uring_line(void *context, const char *line) {
  struct uring *uring = context;
  uint32_t number;
  if (take_number(line, "SqMask:\t", &uring->mask) || take_number(line, "CachedSqHead:\t", &uring->submitted) ||
      take_number(line, "CachedCqTail:\t", &uring->completed))
    return;
  if (take_number(line, "UserBufs:\t", &number)) {
    uring->in_buffers = number != 0;
    return;
  }
  const char *at = uring->in_buffers && *line == ' ' ? strstr(line, ": 0x") : NULL;
  if (at != NULL)
    add_root(KERNEL_ROOT_URING, uring->descriptor, parse_number(at + strlen(": 0x"), 16));
  else
    uring->in_buffers = false;
}

static void look_at_uring(const char *path, unsigned long number) {
  struct uring uring = {.descriptor = number};
  each_line(path, take_uring_line, &uring);
  bool all_in_ring = uring.submitted <= uring.mask + 1;
  if (!all_in_ring && uring.submitted != uring.completed)
    gathered.unseen = true;
}

static bool look_at_descriptor(void *context, unsigned long number) {
  (void)context;
  struct text path;
  char leads_to[64];
  path_of(&path, "/proc/self/fd/", number);
  if (process_read_link(path.bytes, leads_to, sizeof leads_to) <= 0)
    return true;
  path_of(&path, "/proc/self/fdinfo/", number);
  if (strcmp(leads_to, "anon_inode:[eventpoll]") == 0)
    each_line(path.bytes, take_epoll_line, &number);
  else if (strcmp(leads_to, "anon_inode:[io_uring]") == 0)
    look_at_uring(path.bytes, number);
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

bool kernel_roots_all_seen(void) {
  return !gathered.unseen;
}

bool kernel_roots_read(void) {
  gathered.enough = true;
  gathered.unseen = false;
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
