/* memory_count.h: what a program's processes hold, counted so that it costs next to nothing. */
#ifndef FREEHOLD_SUPERVISE_MEMORY_COUNT_H
#define FREEHOLD_SUPERVISE_MEMORY_COUNT_H

#include "tool/supervise/job.h"

/* Sets job->held: exactly (PSS) when the last exact count is too old, else from it and what RSS says since. `near`:
 * it decides something, so an exact count may be younger. Looks anew which processes there are. */
void memory_count(struct job *job, uint64_t now, bool near);

#endif
