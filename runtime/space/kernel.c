#include "space/kernel.h"
#include "base/syscall.h"
#include "space/own.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>

/* Younger than the headers of the oldest system this builds on. */
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE  103
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA           0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif
/* Not in the headers of every C library. */
#ifndef ARCH_GET_GS
#define ARCH_GET_GS 0x1004
#endif

static intptr_t reserve(size_t bytes) {
  long got = SYSCALL6(SYS_mmap, 0, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (got >= 0 || got <= -4096)
    own_add((uintptr_t)got, bytes);
  return got;
}

static int claim(uintptr_t address, size_t bytes) {
  long got = SYSCALL6(SYS_mmap, address, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (got < 0 && got > -4096)
    return (int)got;
  if ((uintptr_t)got == address)
    return 0;
  /* Linux before 4.17 takes the address for a hint and may map elsewhere. */
  SYSCALL2(SYS_munmap, got, bytes);
  return -EEXIST;
}

static int commit(uintptr_t address, size_t bytes) {
  return (int)SYSCALL3(SYS_mprotect, address, bytes, PROT_READ | PROT_WRITE);
}

static int purge(uintptr_t address, size_t bytes) {
  return (int)SYSCALL3(SYS_madvise, address, bytes, MADV_DONTNEED);
}

static int move(uintptr_t from, uintptr_t to, size_t bytes) {
  long got = SYSCALL5(SYS_mremap, from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to);
  if (got < 0 && got > -4096)
    return (int)got;
  return 0;
}

static int huge_pages(uintptr_t address, size_t bytes, bool wanted) {
  return (int)SYSCALL3(SYS_madvise, address, bytes, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

static int release(uintptr_t address, size_t bytes) {
  own_remove(address, bytes); /* first: as soon as it is unmapped, it may be somebody else's */
  return (int)SYSCALL2(SYS_munmap, address, bytes);
}

static int guard(uintptr_t address, size_t bytes) {
  return (int)SYSCALL3(SYS_madvise, address, bytes, MADV_GUARD_INSTALL);
}

static int unguard(uintptr_t address, size_t bytes) {
  return (int)SYSCALL3(SYS_madvise, address, bytes, MADV_GUARD_REMOVE);
}

#if defined(KERNEL_PROTECT_NUMBER)
_Static_assert(KERNEL_PROTECT_NUMBER == SYS_mprotect, "kernel.h gives the number");
#endif
static int protect(uintptr_t address, size_t bytes, bool open) {
  return (int)SYSCALL3(SYS_mprotect, address, bytes, open ? PROT_READ | PROT_WRITE : PROT_NONE);
}

static int retire(uintptr_t address, size_t bytes) {
  long got =
      SYSCALL6(SYS_mmap, address, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  return got < 0 && got > -4096 ? (int)got : 0;
}

static int name_mapping(uintptr_t address, size_t bytes, const char *name) {
  return (int)SYSCALL5(SYS_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, address, bytes, name);
}

/* What the thread pointer of the purge thread points to. Nothing of it is read on purpose; it is there so that a
 * compiler's or libc's glance at the thread control block (a stack canary, say) reads zeros and not the block of a
 * thread that may have ended. */
static uint64_t no_thread_storage[1024] __attribute__((aligned(64)));

static int thread_entry(void *run) {
  ((void (*)(void))run)();
  SYSCALL1(SYS_exit, 0);
  return 0;
}

/* The last thread of our own; atomic. */
static int own_thread;

static int start_thread(void (*run)(void), void *stack, size_t stack_bytes, uint32_t *alive) {
  uint64_t every_signal = ~(uint64_t)0, before = 0;
  SYSCALL4(SYS_rt_sigprocmask, SIG_SETMASK, &every_signal, &before, sizeof before);
  int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |
              CLONE_CHILD_CLEARTID;
  uint64_t *storage = &no_thread_storage[ARRAY_LENGTH(no_thread_storage) / 2];
  storage[0] = (uint64_t)(uintptr_t)storage; /* x86-64's ABI: the thread pointer points to itself */
  int saved_errno = errno;
  *alive = 1;
  int thread = clone(thread_entry, (char *)stack + stack_bytes, flags, (void *)run, NULL, storage, alive);
  int result = thread < 0 ? -errno : 0;
  __atomic_store_n(&own_thread, thread, __ATOMIC_RELAXED);
  if (result != 0)
    *alive = 0;
  errno = saved_errno;
  SYSCALL4(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
  return result;
}

bool kernel_is_own_thread(int thread) {
  return __atomic_load_n(&own_thread, __ATOMIC_RELAXED) == thread;
}

struct kernel kernel = {
    .reserve = reserve,
    .claim = claim,
    .commit = commit,
    .purge = purge,
    .move = move,
    .huge_pages = huge_pages,
    .release = release,
    .guard = guard,
    .unguard = unguard,
    .protect = protect,
    .retire = retire,
    .name = name_mapping,
    .start_thread = start_thread,
};

size_t kernel_address_limit(void) {
  struct rlimit limit;
  if (SYSCALL4(SYS_prlimit64, 0, RLIMIT_AS, NULL, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
    return SIZE_MAX;
  return limit.rlim_cur;
}

long kernel_open_file(const char *path) {
  return SYSCALL4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
}

long kernel_read(int fd, char *to, size_t bytes) {
  return SYSCALL3(SYS_read, fd, to, bytes);
}

void kernel_close(int fd) {
  SYSCALL1(SYS_close, fd);
}

#define HIGH_DESCRIPTOR 900

int kernel_open_append(const char *path) {
  long fd = SYSCALL4(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
  if (fd < 0)
    return (int)fd;
  long high = SYSCALL3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR);
  if (high < 0)
    return (int)fd;
  kernel_close((int)fd);
  return (int)high;
}

long kernel_append(int fd, const void *bytes, size_t length) {
  return SYSCALL3(SYS_write, fd, bytes, length);
}

uint64_t kernel_file_identity(int fd) {
  struct stat stat;
#ifdef SYS_newfstatat
  if (SYSCALL4(SYS_newfstatat, fd, "", &stat, AT_EMPTY_PATH) != 0)
#else
  if (SYSCALL2(SYS_fstat, fd, &stat) != 0)
#endif
    return 0;
  return (uint64_t)stat.st_dev * 0x9e3779b97f4a7c15u ^ (uint64_t)stat.st_ino;
}

uint32_t kernel_process_id(void) {
  return (uint32_t)SYSCALL0(SYS_getpid);
}
uint32_t kernel_parent_id(void) {
  return (uint32_t)SYSCALL0(SYS_getppid);
}
uint32_t kernel_thread_id(void) {
  return (uint32_t)SYSCALL0(SYS_gettid);
}
void kernel_thread_name(char *name) {
  SYSCALL5(SYS_prctl, PR_GET_NAME, name, 0, 0, 0);
}

int kernel_map_code(size_t bytes, uintptr_t *written, uintptr_t *run) {
  long fd = SYSCALL2(SYS_memfd_create, "freehold:code", MFD_CLOEXEC);
  if (fd < 0)
    return (int)fd;
  long result = SYSCALL2(SYS_ftruncate, fd, bytes);
  if (result == 0) {
    long writable = SYSCALL6(SYS_mmap, 0, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    long runnable = SYSCALL6(SYS_mmap, 0, bytes, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    bool one = writable < 0 && writable > -4096, other = runnable < 0 && runnable > -4096;
    result = one ? writable : other ? runnable : 0;
    if (result != 0 && !one)
      SYSCALL2(SYS_munmap, writable, bytes);
    if (result != 0 && !other)
      SYSCALL2(SYS_munmap, runnable, bytes);
    *written = (uintptr_t)writable;
    *run = (uintptr_t)runnable;
  }
  kernel_close((int)fd);
  return (int)result;
}

void kernel_set_apart(uintptr_t address, size_t bytes, bool apart) {
  SYSCALL3(SYS_madvise, address, bytes, apart ? MADV_DONTDUMP : MADV_DODUMP);
}

void kernel_block_signals(const void *set) {
  SYSCALL4(SYS_rt_sigprocmask, SIG_BLOCK, set, NULL, sizeof(uint64_t));
}

void kernel_alternate_stack(const void *stack) {
  SYSCALL2(SYS_sigaltstack, stack, NULL);
}

void kernel_raise(int number) {
  SYSCALL3(SYS_tgkill, kernel_process_id(), kernel_thread_id(), number);
}

long kernel_read_file(const char *path, char *to, size_t bytes) {
  long fd = kernel_open_file(path);
  if (fd < 0)
    return fd;
  long got = kernel_read((int)fd, to, bytes);
  kernel_close((int)fd);
  return got;
}

bool kernel_huge_pages_offered(void) {
  char mode[64];
  long length = kernel_read_file("/sys/kernel/mm/transparent_hugepage/enabled", mode, sizeof mode - 1);
  if (length <= 0)
    return false;
  mode[length] = '\0';
  /* The mode in force stands in brackets; only [never] keeps a program from asking. */
  for (const char *at = mode; *at != '\0'; at++)
    if (*at == '[')
      return at[1] != 'n';
  return false;
}

/* The kernel copies the new signal mask before it looks at what is to be done with it; nothing is, for no such `how`. */
bool kernel_readable(uintptr_t address) {
  uint64_t mask_bytes = 8;
  return SYSCALL4(SYS_rt_sigprocmask, ~0u >> 1, address, NULL, mask_bytes) == -EINVAL;
}

size_t kernel_page_bytes(void) {
  return getauxval(AT_PAGESZ);
}

static uint64_t read_clock(clockid_t clock) {
  struct timespec time;
  if (clock_gettime(clock, &time) != 0)
    return 0;
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

uint64_t kernel_now(void) {
  return read_clock(CLOCK_MONOTONIC);
}
uint64_t kernel_now_coarse(void) {
  return read_clock(CLOCK_MONOTONIC_COARSE);
}

void kernel_wait(uint32_t *word, uint32_t value, uint64_t nanoseconds) {
  struct timespec time = {(time_t)(nanoseconds / 1000000000u), (long)(nanoseconds % 1000000000u)};
  SYSCALL4(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, nanoseconds != 0 ? &time : NULL);
}

void kernel_wake(uint32_t *word) {
  SYSCALL3(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1);
}

void kernel_wake_all(uint32_t *word) {
  SYSCALL3(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX);
}

void kernel_yield(void) {
  SYSCALL0(SYS_sched_yield);
}

/* Whether the page may be read, asked by a call that can't succeed: the kernel looks at the set before it looks at `how`. */
static bool page_is_readable(uintptr_t address) {
  uintptr_t word = align_down(address, sizeof(uint64_t));
  return SYSCALL4(SYS_rt_sigprocmask, -1, word, NULL, sizeof(uint64_t)) == -EINVAL;
}

size_t kernel_read_own(uintptr_t address, void *to, size_t bytes) {
  size_t page = kernel_page_bytes(), done = 0;
  long self = SYSCALL0(SYS_getpid);
  while (done < bytes) {
    /* A page at a time: the kernel may give up a whole piece for one page in it that can't be read. */
    uintptr_t from = address + done;
    size_t piece = align_down(from, page) + page - from;
    if (piece > bytes - done)
      piece = bytes - done;
    struct iovec here = {(char *)to + done, piece}, there = {(void *)from, piece};
    long got = SYSCALL6(SYS_process_vm_readv, self, &here, 1, &there, 1, 0);
    /* Some sandboxes forbid that call. */
    if ((got == -EPERM || got == -ENOSYS) && page_is_readable(from)) {
      memcpy(here.iov_base, there.iov_base, piece);
      got = (long)piece;
    }
    if (got <= 0)
      break;
    done += (size_t)got;
    if ((size_t)got < piece || address + done < address)
      break;
  }
  return done;
}

#if defined(__x86_64__)
uintptr_t kernel_gs_base(void) {
  uint64_t base = 0;
  SYSCALL2(SYS_arch_prctl, ARCH_GET_GS, &base);
  return base;
}
#endif
bool kernel_call_follows_pointers(long number) {
  switch (number) {
  case SYS_readv:
  case SYS_writev:
  case SYS_preadv:
  case SYS_pwritev:
  case SYS_preadv2:
  case SYS_pwritev2:
  case SYS_vmsplice:
  case SYS_process_vm_readv:
  case SYS_process_vm_writev:
  case SYS_sendmsg:
  case SYS_recvmsg:
  case SYS_sendmmsg:
  case SYS_recvmmsg:
  case SYS_execve:
  case SYS_execveat:
  case SYS_io_submit:
  case SYS_io_getevents:
  case SYS_io_uring_setup:
  case SYS_io_uring_enter:
  case SYS_io_uring_register:
  case SYS_bpf:
  case SYS_keyctl:
  case SYS_futex:
  case SYS_rt_sigqueueinfo:
  case SYS_seccomp:
  case SYS_clone3:
    return true;
  default:
    return false;
  }
}
