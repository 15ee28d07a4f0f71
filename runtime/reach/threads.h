/*
 * threads.h: all threads of the process, stopped, with what their registers held.
 *
 * A thread is stopped by a queued signal, whose handler notes where the interrupted state stands and waits. The kernel
 * has put all registers, the vector registers too, into the frame of the signal. The signal is one that glibc keeps for
 * itself, with a code of ours (glibc's own handler gets what is glibc's): its functions let no program block it. Where
 * there is no glibc it is a real-time signal that the program has no handler for.
 *
 * A thread that blocks the signal is not sent one: a signal that stays pending could reach a program that comes after
 * an exec, which it would end. Such a thread is looked at again and again for some time, since libc blocks all
 * signals for moments, and then counts as missed. If it waits in a system call, the kernel tells its stack pointer
 * and the call's arguments.
 *
 * The program sees nothing of it: calls that wait are restarted (restart.h).
 */
#ifndef FREEHOLD_REACH_THREADS_H
#define FREEHOLD_REACH_THREADS_H

#include "space/restart.h"

#include <ucontext.h>

enum thread_state {
  THREAD_RUNNING, /* not sent a signal so far: it blocks it */
  THREAD_SENT,    /* has yet to take it */
  THREAD_STOPPED, /* set by the thread itself */
  THREAD_GONE,    /* ended */
  THREAD_APART,   /* never runs the program's code: the library's own, the kernel's workers */
};

struct stopped_thread {
  int thread;                /* kernel thread id; fixed before the signal is sent */
  uint32_t state;            /* enum thread_state; atomic: SENT to STOPPED by the thread, else the stopper */
  uint32_t seen;             /* the pass that listed it last */
  const ucontext_t *context; /* of a stopped thread, in the frame on its stack */
  uintptr_t stack_pointer;   /* of the interrupted code; 0: not known */
  uintptr_t thread_pointer;  /* 0: not known */
  struct waiting_call call;  /* that it waited in when it was looked at */
};

/* Stops all other threads. Returns how many were missed; those that stopped stay so until threads_resume, which must
 * be called in any case. Signals of the calling thread are blocked meanwhile. */
size_t threads_stop(void);
void threads_resume(void);

/* Nothing else runs: all were stopped, or there are no others. */
bool threads_frozen(void);
/* The threads that were stopped or missed; none when nothing is stopped. */
size_t threads_count(void);
const struct stopped_thread *thread_number(size_t index);
/* The thread that stopped them, also in a copy, where it has another id; else the calling one. */
int threads_self(void);

/*
 * Keeps one of the threads that are stopped just now from going on with the others: it stays where it is, and counts as
 * stopped in later stops, until threads_let_go. Threads are known by their thread pointers; one that has ended, and
 * is not joined, counts as kept as well. False when too many are kept. threads_keeps: whether it is kept. One caller at a
 * time.
 */
bool threads_keep(uintptr_t thread_pointer);
void threads_let_go(uintptr_t thread_pointer);
bool threads_keeps(uintptr_t thread_pointer);

/* In a copy of the process: the other threads exist no more, but their stacks do, as they were. */
void threads_in_copy(void);

/* The general registers of a context, and the memory in which the kernel put the vector registers, if any. */
size_t context_registers(const ucontext_t *context, const uintptr_t **registers);
bool context_vectors(const ucontext_t *context, uintptr_t *start, size_t *bytes);
uintptr_t context_stack_pointer(const ucontext_t *context);

#endif
