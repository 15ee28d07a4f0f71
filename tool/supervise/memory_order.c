#include "tool/supervise/memory_order.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "record/accounts.h"
#include "tool/proc/heap_root.h"
#include "tool/proc/process.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

static bool press_one(pid_t pid, uint64_t pressure) {
  uint64_t root;
  if (heap_root_find(pid, &root) != 0)
    return false;
  uint64_t magic_and_size[2] = {0};
  struct process_memory memory = {.pid = pid, .descriptor = -1};
  int failed = process_memory_read(&memory, root, magic_and_size, sizeof magic_and_size);
  process_memory_close(&memory);
  struct {
    uint64_t magic;
    uint32_t version, bytes;
  } head;
  memcpy(&head, magic_and_size, sizeof head);
  if (failed != 0 || head.magic != FH_ACCOUNTS_MAGIC || head.version != FH_ACCOUNTS_VERSION ||
      head.bytes != sizeof(struct fh_accounts_root))
    return false;
  struct iovec local = {&pressure, sizeof pressure};
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  struct iovec remote = {(void *)(uintptr_t)(root + offsetof(struct fh_accounts_root, pressure)), sizeof pressure};
  return process_vm_writev(pid, &local, 1, &remote, 1, 0) == (ssize_t)sizeof pressure;
}

unsigned memory_order_press(const struct pid_list *tree, bool pressed) {
  unsigned told = 0;
  for (size_t i = 0; i < tree->count; i++)
    told += press_one(tree->pids[i], pressed);
  return told;
}

/* Private writable memory without a file, piece by piece. */
static void page_out_one(pid_t pid, int process) {
  char path[64], line[512];
  snprintf(path, sizeof path, "/proc/%ld/maps", (long)pid);
  FILE *maps = fopen(path, "re");
  if (maps == NULL)
    return;
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long long start, end, inode;
    char permissions[8];
    if (sscanf(line, "%llx-%llx %7s %*s %*s %llu", &start, &end, permissions, &inode) != 4 || permissions[1] != 'w' ||
        permissions[3] != 'p')
      continue;
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    struct iovec piece = {(void *)(uintptr_t)start, (size_t)(end - start)};
    syscall(SYS_process_madvise, process, &piece, 1UL, MADV_PAGEOUT, 0UL);
  }
  fclose(maps);
}

static uint64_t resident(pid_t pid) {
  struct process_status status;
  return process_read_status(pid, &status) == 0 ? status.rss_bytes : 0;
}

uint64_t memory_order_page_out(const struct pid_list *tree) {
  uint64_t saved = 0;
  for (size_t i = 0; i < tree->count; i++) {
    int process = (int)syscall(SYS_pidfd_open, tree->pids[i], 0);
    if (process < 0)
      continue;
    uint64_t before = resident(tree->pids[i]);
    page_out_one(tree->pids[i], process);
    close(process);
    uint64_t after = resident(tree->pids[i]);
    saved += before > after ? before - after : 0;
  }
  return saved;
}
