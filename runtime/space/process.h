/*
 * process.h: what is asked of the kernel about this process as a whole: its threads, its memory as others see it,
 * copies of it, the numbered entries of /proc.
 *
 * All functions keep errno, are async-signal-safe and use no memory but a little stack. A negative result is a
 * negated errno.
 */
#ifndef FREEHOLD_SPACE_PROCESS_H
#define FREEHOLD_SPACE_PROCESS_H

#include "base/bits.h"

#include <signal.h>

int process_id(void);
int process_thread_id(void);

/* Calls `visit` for each entry of a directory whose name is a number, until it gives false. 0 when all were visited.
 * */
int process_each_number(const char *path, bool (*visit)(void *context, unsigned long number), void *context);

/* Where a symbolic link leads, with a 0 at the end; its length. */
long process_read_link(const char *path, char *to, size_t bytes);
long process_read_at(int fd, void *to, size_t bytes, uint64_t offset);
/* A file opened to be read and to have text appended. */
long process_open_append(const char *path);
/* The user the file of a descriptor belongs to, or a negated errno. */
long process_file_owner(int fd);
/* The user this process acts as. */
unsigned process_user(void);

/*
 * Copies memory of this process that may not be there. Never faults: returns how many bytes it copied before the
 * first page that can't be read. `memory` is a descriptor from process_open_memory, by which pages are read too that
 * the program may not touch at the moment, or negative.
 */
size_t process_copy(int memory, uintptr_t from, void *to, size_t bytes);
int process_open_memory(void);

/*
 * Which pages of [*from, end) have contents of their own? Gives the next run of them, and moves *from behind it;
 * false when there are no more. Pages that were never touched, that are the kernel's page of zeros, or that are still
 * the mapped file's and not the mapping's own are not in it. `present`: reading the run loads nothing and can't fail
 * while the mapping stays. `pagemap` is a descriptor from process_open_pagemap; negative: mincore is asked, which
 * doesn't know swapped pages.
 */
struct page_run {
  uintptr_t start, end;
  bool present;
};
int process_open_pagemap(void);
bool process_next_private_run(int pagemap, uintptr_t *from, uintptr_t end, struct page_run *run);
/* The same for shared mappings: pages that are in memory for anybody. */
bool process_next_shared_run(uintptr_t *from, uintptr_t end, struct page_run *run);

/* Blocks the signals of the calling thread, and restores what was blocked before. Not those that tell of faults: a blocked
 * one would end the process, where the checker's handler opens the page and goes on. */
void process_block_signals(uint64_t *before);
void process_restore_signals(const uint64_t *before);

/* Whether the signal has a handler, and which; true for the default action too when `handler` is NULL. */
typedef void (*process_handler)(int signal, siginfo_t *info, void *context);
bool process_signal_has(int signal, process_handler handler);
/* The signal's handler; NULL where there is none, or it takes no siginfo. */
process_handler process_signal_handler(int signal);
/* Whether signals that `mask` doesn't block wait to be delivered to the calling thread. */
bool process_signals_wait(const sigset_t *mask);
/* Installs a handler that runs with all signals blocked, on the alternate stack where the thread has one; system
 * calls that can be are restarted after it. */
int process_handle_signal(int signal, process_handler handler);
/* Sends a queued signal with a value to one thread of this process. */
int process_signal_thread(int thread, int signal, uint64_t value);

/* The calling thread's alternate signal stack; 0 when it has none. */
uintptr_t process_alternate_stack(void);

/*
 * Runs `run(context)` in a copy of this process as fork makes it, with the calling thread alone, on `stack`. No fork
 * handlers run. The program never sees the copy as a child of its own: it has another parent by the time this
 * returns. The copy's process id. All signals should be blocked.
 */
int process_run_copy(void (*run)(void *context), void *context, void *stack, size_t stack_bytes);
/* Ends the process at once. */
_Noreturn void process_end(int status);

/* Maps one page that is shared, read-only and named so that /proc/PID/maps shows it for as long as the process and
 * the children of its forks live. */
int process_map_note(const char *name);

#endif
