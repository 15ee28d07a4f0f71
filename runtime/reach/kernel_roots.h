/*
 * kernel_roots.h: pointers that the program has handed to the kernel and may have forgotten itself.
 *
 * Seen are the data of descriptors in epoll sets, the values that POSIX timers are to deliver, alternate signal stacks,
 * buffers registered with io_uring, and of io_uring's requests what still stands in the ring: all of them, as long as no
 * more were made than it has entries. Of requests in flight that were overwritten there the kernel tells only that there
 * are some (kernel_roots_all_seen).
 *
 * Nobody can see, and a block that is kept by nothing else is taken for lost: those, requests of the kernel's aio in
 * flight (not of libc's aio_read, whose are in memory), values of queued signals and of mq_notify,
 * pointers that the program has sent itself through a pipe or a socket, and timers where the kernel has no
 * /proc/PID/timers (CONFIG_CHECKPOINT_RESTORE). Robust lists, rseq and the addresses for the ends of threads point
 * into thread descriptors, which are roots anyhow.
 */
#ifndef FREEHOLD_REACH_KERNEL_ROOTS_H
#define FREEHOLD_REACH_KERNEL_ROOTS_H

#include "base/bits.h"

enum kernel_root_kind { KERNEL_ROOT_EPOLL, KERNEL_ROOT_TIMER, KERNEL_ROOT_SIGNAL_STACK, KERNEL_ROOT_URING };

struct kernel_root {
  uintptr_t word;
  uint32_t kind;   /* enum kernel_root_kind */
  uint32_t number; /* of the descriptor, the timer, the thread */
};

/* Gathers what this process has. False when there is no memory. */
bool kernel_roots_read(void);
/* Whether io_uring holds nothing, as of the last kernel_roots_read, that could not be seen. */
bool kernel_roots_all_seen(void);
/* Keeps the timers and the calling thread's signal stack as they are now, for copies of this process, which don't
 * have them. */
bool kernel_roots_keep(void);
void kernel_roots_forget(void);

size_t kernel_roots_count(void);
const struct kernel_root *kernel_root_number(size_t index);

#endif
