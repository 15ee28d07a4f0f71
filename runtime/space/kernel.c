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
#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
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

#if defined(__x86_64__)
_Static_assert(SYS_mprotect == KERNEL_PROTECT_NUMBER, "kernel.h says it to assembly");
#endif

static int protect(uintptr_t address, size_t bytes, bool open) {
  return (int)SYSCALL3(SYS_mprotect, address, bytes, open ? PROT_READ | PROT_WRITE : PROT_NONE);
}

static int retire(uintptr_t address, size_t bytes) {
  long got =
      SYSCALL6(SYS_mmap, address, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  return got < 0 && got > -4096 ? (int)got : 0;
}

static int read_only(uintptr_t address, size_t bytes) {
  return (int)SYSCALL3(SYS_mprotect, address, bytes, PROT_READ);
}

/* The descriptor is closed at once: a program may close what it doesn't know, and put a file of its own in the place.
 * Over other pages it is moved: to map it there would unmap those before it is known whether so much may be locked. */
static int map_secret(uintptr_t address, size_t bytes, bool over) {
  long fd = SYSCALL1(SYS_memfd_secret, O_CLOEXEC);
  if (fd < 0)
    return (int)fd;
  long got = SYSCALL2(SYS_ftruncate, fd, bytes);
  if (got == 0)
    got = SYSCALL6(SYS_mmap, over ? 0 : address, bytes, PROT_READ | PROT_WRITE,
                   MAP_SHARED | (over ? 0 : MAP_FIXED_NOREPLACE), fd, 0);
  kernel_close((int)fd);
  if (got < 0 && got > -4096)
    return (int)got;
  uintptr_t at = (uintptr_t)got;
  /* The mapping is a shared one: without this a child would have the very same memory. */
  long result = SYSCALL3(SYS_madvise, at, bytes, MADV_DONTFORK);
  if (result == 0 && over)
    result = SYSCALL5(SYS_mremap, at, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, address);
  if (result < 0 && result > -4096) {
    SYSCALL2(SYS_munmap, at, bytes);
    return (int)result;
  }
  return 0;
}

static int lock_pages(uintptr_t address, size_t bytes) {
  return (int)SYSCALL2(SYS_mlock, address, bytes);
}

static int keep_to_self(uintptr_t address, size_t bytes) {
  int result = (int)SYSCALL3(SYS_madvise, address, bytes, MADV_DONTDUMP);
  return result != 0 ? result : (int)SYSCALL3(SYS_madvise, address, bytes, MADV_WIPEONFORK);
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

/* The threads of our own; atomic. `alive`: the word that start_thread was given, 0 once the thread is gone: then its number
 * may be some other thread's. */
#define OWN_THREADS_MOST 32u
static struct {
  uint32_t *alive;
  int thread;
} own_threads[OWN_THREADS_MOST];

static bool own_thread_lives(unsigned number) {
  const uint32_t *alive = __atomic_load_n(&own_threads[number].alive, __ATOMIC_ACQUIRE);
  return alive != NULL && __atomic_load_n(alive, __ATOMIC_ACQUIRE) != 0;
}

/* In the place of one that is gone. There are fewer at a time than places. */
static void note_own_thread(int thread, uint32_t *alive) {
  for (unsigned i = 0; i < OWN_THREADS_MOST; i++) {
    uint32_t *before = __atomic_load_n(&own_threads[i].alive, __ATOMIC_ACQUIRE);
    if ((before != alive && own_thread_lives(i)) ||
        !__atomic_compare_exchange_n(&own_threads[i].alive, &before, alive, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED))
      continue;
    __atomic_store_n(&own_threads[i].thread, thread, __ATOMIC_RELEASE);
    return;
  }
}

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
  if (thread > 0)
    note_own_thread(thread, alive);
  if (result != 0)
    *alive = 0;
  errno = saved_errno;
  SYSCALL4(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, sizeof before);
  return result;
}

bool kernel_is_own_thread(int thread) {
  for (unsigned i = 0; i < OWN_THREADS_MOST; i++)
    if (__atomic_load_n(&own_threads[i].thread, __ATOMIC_ACQUIRE) == thread && own_thread_lives(i))
      return true;
  return false;
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
    .read_only = read_only,
    .map_secret = map_secret,
    .lock_pages = lock_pages,
    .keep_to_self = keep_to_self,
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

int kernel_raise_descriptor(long fd) {
  if (fd < 0)
    return (int)fd;
  long high = SYSCALL3(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR);
  if (high < 0)
    return (int)fd;
  kernel_close((int)fd);
  return (int)high;
}

int kernel_open_append(const char *path) {
  enum { OWNER_ONLY = 0600 };
  return kernel_raise_descriptor(
      SYSCALL4(SYS_openat, AT_FDCWD, path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, OWNER_ONLY));
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
  if (stat.st_nlink == 0)
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

void kernel_stop_process(void) {
  SYSCALL4(SYS_prctl, PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0); /* Yama; fails where it isn't there */
  SYSCALL2(SYS_kill, kernel_process_id(), SIGSTOP);
}

bool kernel_is_traced(void) {
  static const char wanted[] = "\nTracerPid:\t";
  char status[1024]; /* it stands among the first lines */
  long length = kernel_read_file("/proc/thread-self/status", status, sizeof status - 1);
  if (length <= 0)
    return false;
  status[length] = '\0';
  const char *at = strstr(status, wanted);
  return at != NULL && at[sizeof wanted - 1] != '0';
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

uint64_t kernel_random_seed(void) {
  uint64_t seed = 0;
  const void *random =
      (const void *)getauxval(AT_RANDOM); /* 16 bytes, of which C libraries take some for themselves */
  if (random != NULL)
    memcpy(&seed, random, sizeof seed);
  seed *= 0x9e3779b97f4a7c15u; /* nobody is to work them out */
  return seed ^ kernel_now() ^ (uint64_t)kernel_process_id() << 32;
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

/* The second of the numbers in schedstat. */
uint64_t kernel_waited_nanoseconds(void) {
  char text[64];
  long length = kernel_read_file("/proc/self/schedstat", text, sizeof text - 1);
  text[length > 0 ? length : 0] = '\0';
  const char *at = strchr(text, ' ');
  uint64_t nanoseconds = 0;
  if (at != NULL)
    while (*++at >= '0' && *at <= '9')
      nanoseconds = nanoseconds * 10 + (uint64_t)(*at - '0');
  return nanoseconds;
}

uint64_t kernel_process_nanoseconds(void) {
  return read_clock(CLOCK_PROCESS_CPUTIME_ID);
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
struct kernel_call_buffer kernel_call_buffer(long number) {
  switch (number) {
  case SYS_read:
  case SYS_pread64:
  case SYS_recvfrom:
  case SYS_getdents64:
    return (struct kernel_call_buffer){true, true, 1, 2};
  case SYS_getrandom:
    return (struct kernel_call_buffer){true, true, 0, 1};
  case SYS_write:
  case SYS_pwrite64:
  case SYS_sendto:
    return (struct kernel_call_buffer){true, false, 1, 2};
  default:
    return (struct kernel_call_buffer){.is_known = false};
  }
}

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
