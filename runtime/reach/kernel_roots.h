/*
 * kernel_roots.h: pointers that the program has handed to the kernel and may have forgotten itself.
 *
 * Seen are the data of descriptors in epoll sets, the values that POSIX timers are to deliver, and alternate signal
 * stacks.
 *
 * Nobody can see, and a block that is kept by nothing else is taken for lost: requests of io_uring and aio in flight
 * (what still stands in their rings is seen, as those are mapped), values of queued signals and of mq_notify,
 * pointers that the program has sent itself through a pipe or a socket, and timers where the kernel has no
 * /proc/PID/timers (CONFIG_CHECKPOINT_RESTORE). Robust lists, rseq and the addresses for the ends of threads point
 * into thread descriptors, which are roots anyhow.
 */
#ifndef FREEHOLD_REACH_KERNEL_ROOTS_H
#define FREEHOLD_REACH_KERNEL_ROOTS_H

#include "base/bits.h"

enum kernel_root_kind { KERNEL_ROOT_EPOLL, KERNEL_ROOT_TIMER, KERNEL_ROOT_SIGNAL_STACK };

struct kernel_root {
  uintptr_t word;
  uint32_t kind;   /* enum kernel_root_kind */
  uint32_t number; /* of the epoll set's descriptor, the timer, the thread */
};

/* Gathers what this process has. False when there is no memory. */
bool kernel_roots_read(void);
/* Keeps the timers and the calling thread's signal stack as they are now, for copies of this process, which don't
 * have them. */
bool kernel_roots_keep(void);
void kernel_roots_forget(void);

size_t kernel_roots_count(void);
const struct kernel_root *kernel_root_number(size_t index);

#endif
