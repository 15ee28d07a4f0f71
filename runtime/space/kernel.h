/*
 * kernel.h: everything the library asks of the kernel about memory, as one table of functions.
 *
 * Nothing above this room names a system call. The table can be replaced (tests put a kernel there that fails on
 * order), so every out-of-memory branch can be made to run. All functions return 0 or a negated errno unless the
 * comment says otherwise, keep errno, and are async-signal-safe.
 */
#ifndef FREEHOLD_SPACE_KERNEL_H
#define FREEHOLD_SPACE_KERNEL_H

#include "base/bits.h"

struct kernel {
  /* Reserves `bytes` of addresses that may not be touched and cost no memory, anywhere. Address, or a negated errno. */
  intptr_t (*reserve)(size_t bytes);
  /* Maps [address, address + bytes) readable and writable where nothing is mapped yet; -EEXIST when something is.
   * Zeroed. */
  int (*claim)(uintptr_t address, size_t bytes);
  /* Makes reserved pages readable and writable. Zeroed. */
  int (*commit)(uintptr_t address, size_t bytes);
  /* Drops the pages' contents; they stay usable and read as zero afterwards. */
  int (*purge)(uintptr_t address, size_t bytes);
  /* Moves the pages of [from, from + bytes) to `to`, replacing what is there; `from` stays usable and reads as zero.
   * -ENOSYS where the kernel can't (Linux before 5.7). */
  int (*move)(uintptr_t from, uintptr_t to, size_t bytes);
  /* Asks for (or against) transparent huge pages in the range. A hint. */
  int (*huge_pages)(uintptr_t address, size_t bytes, bool wanted);
  /* Gives back addresses and memory. */
  int (*release)(uintptr_t address, size_t bytes);
  /* Makes pages fault at any touch, their contents dropped, without a mapping of their own for each; -EINVAL where the
   * kernel can't (Linux before 6.13). unguard: the pages are usable again, and read as zero. */
  int (*guard)(uintptr_t address, size_t bytes);
  int (*unguard)(uintptr_t address, size_t bytes);
  /* Closes pages to every access, or opens them to reading and writing; contents stay. */
  int (*protect)(uintptr_t address, size_t bytes, bool open);
  /* Lets pages be read and no more; contents stay. */
  int (*read_only)(uintptr_t address, size_t bytes);
  /* Maps memory that the kernel itself can't read, nor another process, there: zeroed, locked, never dumped, gone in
   * children of fork. `over`: in place of what is mapped there, else only where nothing is. -ENOSYS where the kernel
   * can't (Linux before 5.14, or built or started without), -EAGAIN when RLIMIT_MEMLOCK lets no more be locked. */
  int (*map_secret)(uintptr_t address, size_t bytes, bool over);
  /* Keeps pages, which can be written, in memory. -ENOMEM or -EPERM when RLIMIT_MEMLOCK doesn't let them. */
  int (*lock_pages)(uintptr_t address, size_t bytes);
  /* Leaves pages out of core dumps, and has children of fork find zeros in them. */
  int (*keep_to_self)(uintptr_t address, size_t bytes);
  /* Turns pages into reserved addresses again: contents, page tables and commit charge are gone. */
  int (*retire)(uintptr_t address, size_t bytes);
  /* Shows `name` in /proc/PID/maps; a hint. */
  int (*name)(uintptr_t address, size_t bytes, const char *name);
  /* Starts a thread that the program's thread library does not know of, with all signals blocked and no thread-local
   * storage. *alive is 1 from now on, and 0 again once the thread is gone and its stack may be used again. */
  int (*start_thread)(void (*run)(void), void *stack, size_t stack_bytes, uint32_t *alive);
};

/* Fixed after start, but for tests. */
INTERNAL extern struct kernel kernel;

/* Whether a kernel thread id is that of a thread that start_thread started and that still runs. */
bool kernel_is_own_thread(int thread);

/* The bytes of RLIMIT_AS, or SIZE_MAX. */
size_t kernel_address_limit(void);
/* The system's transparent huge page mode lets a program ask for them. Reads /sys. */
bool kernel_huge_pages_offered(void);
size_t kernel_page_bytes(void);
/* A number that differs from run to run. */
uint64_t kernel_random_seed(void);
/* CLOCK_MONOTONIC in nanoseconds; the coarse one may lag by some milliseconds. */
uint64_t kernel_now(void);
uint64_t kernel_now_coarse(void);
/* What the threads of this process have used of the processors, in nanoseconds. */
uint64_t kernel_process_nanoseconds(void);
/* How long the main thread was ready to run while others had the processors; 0 where the kernel does not say. Reads /proc. */
uint64_t kernel_waited_nanoseconds(void);
/* Sleeps until *word is no longer `value`, somebody wakes it, or the time is over (0: no bound). */
void kernel_wait(uint32_t *word, uint32_t value, uint64_t nanoseconds);
void kernel_wake(uint32_t *word);
void kernel_wake_all(uint32_t *word);
/* Whether the eight bytes at `address` (a multiple of 8) can be read now: asks the kernel, which answers for any value.
 * Some hundred nanoseconds. */
bool kernel_readable(uintptr_t address);
/* Lets another thread run. */
void kernel_yield(void);
/* A file opened for reading, its descriptor or a negated errno; one read; its end. */
long kernel_open_file(const char *path);
long kernel_read(int fd, char *to, size_t bytes);
void kernel_close(int fd);
/* The same open file at a high number: programs rarely use such, and some close all low ones. Where there is none, and for a
 * negated errno, what was given. */
int kernel_raise_descriptor(long fd);
/* A file opened for appending, made if it isn't there (for this user alone), at a high number, or a negated errno; one
 * write to it. */
int kernel_open_append(const char *path);
long kernel_append(int fd, const void *bytes, size_t length);
/* Something that differs between any two files; 0 for no descriptor, and for a file that has no name any more. */
uint64_t kernel_file_identity(int fd);
/* The process, its parent, the calling thread as the kernel numbers them; the thread's name, of 16 bytes. */
uint32_t kernel_process_id(void);
uint32_t kernel_parent_id(void);
uint32_t kernel_thread_id(void);
void kernel_thread_name(char *name);
/* Memory for code: *written is where it is written, *run where the same bytes are executed. 0 or a negated errno: some
 * systems allow no such thing. */
int kernel_map_code(size_t bytes, uintptr_t *written, uintptr_t *run);
/* The number of the system call behind kernel.protect, for code that makes it without C (check/step.c). */
#if defined(__x86_64__)
#define KERNEL_PROTECT_NUMBER 10
#endif
/* Makes pages a mapping by themselves, or lets them join their neighbours again: closing and opening a mapping as a whole
 * is cheaper than cutting it out and joining it each time. A hint. (It is done by leaving them out of core dumps, which no
 * neighbour is.) */
void kernel_set_apart(uintptr_t address, size_t bytes, bool apart);
/* Blocks signals, of a sigset_t, for the calling thread, beside those it blocks already. */
void kernel_block_signals(const void *set);
/* Sets the calling thread's alternate signal stack, a stack_t. */
void kernel_alternate_stack(const void *stack);
/* Sends a signal to the calling thread. */
void kernel_raise(int number);
/* Stops all threads of this process until SIGCONT; lets any debugger of this user attach, where only a parent might. */
void kernel_stop_process(void);
/* Whether a debugger, or another tracer, has the calling thread. Reads /proc; false without it. */
bool kernel_is_traced(void);
/* Whether the system call of this number finds memory to use in memory (vectors, messages, argument lists): then its
 * arguments do not tell what it touches. */
bool kernel_call_follows_pointers(long number);
/* The one stretch of memory that the commonest calls are about: which argument points to it, which says how long it is,
 * and whether the kernel fills it (as many bytes as the call gives) or reads all of it. */
struct kernel_call_buffer {
  bool is_known, is_filled;
  uint8_t pointer, bytes; /* from 0 on */
};
struct kernel_call_buffer kernel_call_buffer(long number);
/* Reads up to `bytes` of a file at once; how many, or a negated errno. */
long kernel_read_file(const char *path, char *to, size_t bytes);
/* Copies up to `bytes` bytes of this process's memory that may not be readable; never faults. How many there were before
 * the first that can't be read. */
size_t kernel_read_own(uintptr_t address, void *to, size_t bytes);
#if defined(__x86_64__)
/* What the processor adds to an address with the prefix gs. */
uintptr_t kernel_gs_base(void);
#endif

#endif
