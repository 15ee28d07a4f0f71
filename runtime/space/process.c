#include "space/process.h"
#include "base/syscall.h"
#include "space/kernel.h"
#include "space/pagemap_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>

#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1u
#endif
#ifndef __WCLONE
#define __WCLONE 0x80000000
#endif

int process_id(void) {
  return (int)SYSCALL0(SYS_getpid);
}

int process_thread_id(void) {
  return (int)SYSCALL0(SYS_gettid);
}

unsigned process_user(void) {
  return (unsigned)SYSCALL0(SYS_geteuid);
}

_Noreturn void process_end(int status) {
  for (;;)
    SYSCALL1(SYS_exit_group, status);
}

/* As getdents64 gives it. */
struct directory_entry {
  uint64_t inode;
  int64_t offset;
  uint16_t bytes;
  uint8_t type;
  char name[];
};

int process_each_number(const char *path, bool (*visit)(void *context, unsigned long number), void *context) {
  long fd = SYSCALL4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd < 0)
    return (int)fd;
  char entries[1024] __attribute__((aligned(8)));
  long got;
  bool more = true;
  while (more && (got = SYSCALL3(SYS_getdents64, fd, entries, sizeof entries)) > 0) {
    for (long at = 0; more && at < got;) {
      const struct directory_entry *entry = (const struct directory_entry *)(const void *)(entries + at);
      at += entry->bytes;
      unsigned long number = 0;
      const char *digit = entry->name;
      for (; *digit >= '0' && *digit <= '9'; digit++)
        number = number * 10 + (unsigned long)(*digit - '0');
      if (*digit == '\0' && digit != entry->name)
        more = visit(context, number);
    }
  }
  kernel_close((int)fd);
  return more ? (int)got : 0;
}

long process_read_link(const char *path, char *to, size_t bytes) {
  long length = SYSCALL4(SYS_readlinkat, AT_FDCWD, path, to, bytes - 1);
  to[length > 0 ? length : 0] = '\0';
  return length;
}

long process_read_at(int fd, void *to, size_t bytes, uint64_t offset) {
  return SYSCALL4(SYS_pread64, fd, to, bytes, offset);
}

long process_open_append(const char *path) {
  return SYSCALL4(SYS_openat, AT_FDCWD, path, O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
}

long process_file_owner(int fd) {
  struct stat facts;
#ifdef SYS_fstat
  long result = SYSCALL2(SYS_fstat, fd, &facts);
#else
  long result = SYSCALL4(SYS_newfstatat, fd, "", &facts, AT_EMPTY_PATH);
#endif
  return result < 0 ? result : (long)facts.st_uid;
}

/* ---- memory ---- */

int process_open_memory(void) {
  return (int)kernel_open_file("/proc/self/mem");
}

size_t process_copy(int memory, uintptr_t from, void *to, size_t bytes) {
  size_t copied = 0;
  struct iovec local = {to, bytes}, remote = {(void *)from, bytes};
  long got = SYSCALL6(SYS_process_vm_readv, process_id(), &local, 1, &remote, 1, 0);
  if (got > 0)
    copied = (size_t)got;
  /* What is left is not there, is closed for the moment, or a filter of system calls refused the first way. */
  while (copied < bytes && memory >= 0) {
    got = process_read_at(memory, (char *)to + copied, bytes - copied, from + copied);
    if (got <= 0)
      break;
    copied += (size_t)got;
  }
  return copied;
}

int process_open_pagemap(void) {
  return (int)kernel_open_file("/proc/self/pagemap");
}

/* Bits of an entry of /proc/self/pagemap. */
#define ENTRY_PRESENT (1ull << 63)
#define ENTRY_SWAPPED (1ull << 62)
#define ENTRY_OF_FILE (1ull << 61)

/* Entries, or bytes of mincore's answer, looked at by one system call. */
#define PAGES_AT_ONCE 512u

/* By the entries of pagemap. `*state`: 0 no contents, 1 present, 2 swapped. False when they can't be read. */
static bool read_entries(int pagemap, uintptr_t from, size_t pages, size_t page_bytes, uint8_t *state) {
  uint64_t entries[PAGES_AT_ONCE];
  long got = process_read_at(pagemap, entries, pages * sizeof *entries, from / page_bytes * sizeof *entries);
  if (got != (long)(pages * sizeof *entries))
    return false;
  for (size_t i = 0; i < pages; i++)
    state[i] = (entries[i] & ENTRY_OF_FILE) != 0   ? 0
               : (entries[i] & ENTRY_PRESENT) != 0 ? 1
               : (entries[i] & ENTRY_SWAPPED) != 0 ? 2
                                                   : 0;
  return true;
}

static bool read_residency(uintptr_t from, size_t pages, size_t page_bytes, uint8_t *state) {
  if (SYSCALL3(SYS_mincore, from, pages * page_bytes, state) != 0)
    return false;
  for (size_t i = 0; i < pages; i++)
    state[i] &= 1;
  return true;
}

/* The next run by states of pages. A stretch that mincore knows nothing of is gone: it has no contents. What pagemap doesn't
 * tell may have. */
static bool next_run_by_pages(int pagemap, uintptr_t *from, uintptr_t end, struct page_run *run) {
  size_t page_bytes = kernel_page_bytes();
  uintptr_t at = align_down(*from, page_bytes), begin = *from;
  uint8_t state[PAGES_AT_ONCE];
  run->start = run->end = 0;
  while (at < end) {
    size_t pages = divide_up(end - at, page_bytes);
    if (pages > PAGES_AT_ONCE)
      pages = PAGES_AT_ONCE;
    bool known = pagemap >= 0 ? read_entries(pagemap, at, pages, page_bytes, state)
                              : read_residency(at, pages, page_bytes, state);
    if (!known)
      memset(state, pagemap >= 0 ? 2 : 0, pages);
    for (size_t i = 0; i < pages; i++, at += page_bytes) {
      bool wanted = state[i] != 0;
      if (run->end != 0 && (!wanted || run->present != (state[i] == 1)))
        goto found;
      if (wanted) {
        if (run->end == 0)
          run->start = at < begin ? begin : at;
        run->present = state[i] == 1;
        run->end = at + page_bytes < end ? at + page_bytes : end;
      }
    }
  }
found:
  *from = run->end != 0 ? run->end : end;
  return run->end != 0;
}

bool process_next_private_run(int pagemap, uintptr_t *from, uintptr_t end, struct page_run *run) {
  if (*from >= end)
    return false;
  if (pagemap < 0)
    return next_run_by_pages(-1, from, end, run);
  size_t page_bytes = kernel_page_bytes();
  struct pagemap_region region;
  struct pagemap_scan scan = {
      .bytes = sizeof scan,
      .start = align_down(*from, page_bytes),
      .end = align_up(end, page_bytes),
      .regions = (uintptr_t)&region,
      .region_count = 1,
      .inverted = PAGE_OF_ZEROS | PAGE_OF_FILE,
      .required = PAGE_OF_ZEROS | PAGE_OF_FILE,
      .any_of = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
      .returned = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
  };
  long found = SYSCALL3(SYS_ioctl, pagemap, PAGEMAP_SCAN, &scan);
  if (found < 0)
    return next_run_by_pages(pagemap, from, end, run);
  if (found == 0) {
    *from = end;
    return false;
  }
  run->start = region.start > *from ? region.start : *from;
  run->end = region.end < end ? region.end : end;
  run->present = (region.categories & PAGE_IS_PRESENT) != 0;
  *from = run->end;
  return true;
}

bool process_next_shared_run(uintptr_t *from, uintptr_t end, struct page_run *run) {
  return *from < end && next_run_by_pages(-1, from, end, run);
}

/* ---- signals ---- */

/* What the kernel takes; libc's sigaction may be the program's own or ours. */
struct kernel_action {
  process_handler handler;
  unsigned long flags;
  void (*restorer)(void);
  uint64_t mask;
};

#if defined(__x86_64__)
#define SIGNAL_RESTORER 0x04000000
/* By these bytes debuggers and unwinders know the frame of a signal. */
__asm__(".pushsection .text\n.type freehold_return_from_signal, @function\n"
        "nop\nfreehold_return_from_signal: mov $15, %rax\nsyscall\n"
        ".size freehold_return_from_signal, . - freehold_return_from_signal\n.popsection");
INTERNAL void freehold_return_from_signal(void);
#endif

bool process_signal_has(int signal, process_handler handler) {
  struct kernel_action action = {0};
  return SYSCALL4(SYS_rt_sigaction, signal, NULL, &action, sizeof action.mask) == 0 && action.handler == handler;
}

int process_handle_signal(int signal, process_handler handler) {
  struct kernel_action action = {handler, SA_SIGINFO | SA_RESTART | SA_ONSTACK, NULL, ~(uint64_t)0};
#if defined(__x86_64__)
  action.flags |= SIGNAL_RESTORER;
  action.restorer = freehold_return_from_signal;
#endif
  return (int)SYSCALL4(SYS_rt_sigaction, signal, &action, NULL, sizeof action.mask);
}

process_handler process_signal_handler(int signal) {
  struct kernel_action action;
  if (SYSCALL4(SYS_rt_sigaction, signal, NULL, &action, sizeof action.mask) != 0 || (action.flags & SA_SIGINFO) == 0)
    return NULL;
  return action.handler;
}

bool process_signals_wait(const sigset_t *mask) {
  uint64_t pending = 0, blocked;
  memcpy(&blocked, mask, sizeof blocked);
  return SYSCALL2(SYS_rt_sigpending, &pending, sizeof pending) == 0 && (pending & ~blocked) != 0;
}

int process_signal_thread(int thread, int signal, uint64_t value) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  info.si_signo = signal;
  info.si_code = SI_QUEUE;
  info.si_pid = process_id();
  info.si_uid = process_user();
  info.si_value.sival_ptr = (void *)(uintptr_t)value;
  return (int)SYSCALL4(SYS_rt_tgsigqueueinfo, process_id(), thread, signal, &info);
}

static uint64_t bit_of(int signal) {
  return (uint64_t)1 << (signal - 1);
}

void process_block_signals(uint64_t *before) {
  uint64_t most = ~(bit_of(SIGSEGV) | bit_of(SIGBUS) | bit_of(SIGTRAP));
  SYSCALL4(SYS_rt_sigprocmask, SIG_SETMASK, &most, before, sizeof most);
}

void process_restore_signals(const uint64_t *before) {
  SYSCALL4(SYS_rt_sigprocmask, SIG_SETMASK, before, NULL, sizeof *before);
}

uintptr_t process_alternate_stack(void) {
  stack_t stack = {0};
  if (SYSCALL2(SYS_sigaltstack, NULL, &stack) != 0 || (stack.ss_flags & SS_DISABLE) != 0)
    return 0;
  return (uintptr_t)stack.ss_sp;
}

/* ---- copies ---- */

struct copy {
  void (*run)(void *context);
  void *context;
  long result;
};

/* In a process between this one and its copy: it shares all memory, and ends at once, so that whoever adopts orphans
 * becomes the copy's parent. */
static int make_copy(void *argument) {
  struct copy *copy = argument;
  long made = SYSCALL5(SYS_clone, 0, 0, 0, 0, 0);
  if (made == 0) {
    copy->run(copy->context);
    process_end(0);
  }
  copy->result = made;
  SYSCALL1(SYS_exit, 0);
  return 0;
}

int process_run_copy(void (*run)(void *context), void *context, void *stack, size_t stack_bytes) {
  int saved_errno = errno;
  struct copy copy = {run, context, -EAGAIN};
  int between = clone(make_copy, (char *)stack + stack_bytes, CLONE_VM | CLONE_VFORK, &copy);
  if (between < 0)
    copy.result = -errno;
  else
    while (SYSCALL4(SYS_wait4, between, NULL, __WCLONE, NULL) == -EINTR)
      ;
  errno = saved_errno;
  return (int)copy.result;
}

int process_map_note(const char *name) {
  long fd = SYSCALL2(SYS_memfd_create, name, MFD_CLOEXEC);
  if (fd < 0)
    return (int)fd;
  size_t page_bytes = kernel_page_bytes();
  long result = SYSCALL2(SYS_ftruncate, fd, page_bytes);
  if (result == 0)
    result = SYSCALL6(SYS_mmap, 0, page_bytes, PROT_READ, MAP_SHARED, fd, 0);
  kernel_close((int)fd);
  return result < 0 && result > -4096 ? (int)result : 0;
}
