/*
 * thread_stacks.h: whose stack is it?
 *
 * A thread that waits shows its stack pointer in /proc/PID/task/TID/syscall. One that runs does not; its stack is
 * found by what the C library keeps at the stack's upper end: a descriptor that holds its own address, twice, and
 * the thread's id. That end is in use, so reading it brings no page into being.
 */
#ifndef FREEHOLD_PROC_THREAD_STACKS_H
#define FREEHOLD_PROC_THREAD_STACKS_H

#include "tool/proc/address_lines.h"

/* Gives stacks their thread and its name. 0, ESRCH or ENOMEM. Stacks that could not be told stay what they are. */
int thread_stacks_find(pid_t pid, struct address_regions *regions);

#endif
