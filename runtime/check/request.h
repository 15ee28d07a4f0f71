/*
 * request.h: a running process is asked for its leaks: the library's side of record/request.h.
 *
 * The handler of the signal stops the threads, makes a copy of the process and lets them go on; the copy searches and
 * writes. What the program may notice: the time that takes, and a system call that returns EINTR, as after any
 * signal.
 */
#ifndef FREEHOLD_CHECK_REQUEST_H
#define FREEHOLD_CHECK_REQUEST_H

#include "check/leaks.h"

/* Once, when the library is loaded: takes a real-time signal that has no handler yet and makes it known. False when
 * there is none, or the note can't be mapped; requests are then not possible. A child of fork needs no call. */
bool request_start(void);

/*
 * What looks at the fences of all objects, for FH_REQUEST_FENCES: called in the copy, with a sink for what it finds.
 * It must not take a lock. NULL, as at the start: such requests are answered by FH_ANSWER_NOT_POSSIBLE.
 */
INTERNAL extern void (*request_check_fences)(struct leaks_sink *sink);

#endif
