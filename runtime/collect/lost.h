/*
 * lost.h: at the end of the program, the list of what it lost and the collector took back, by the stacks that allocated it:
 * records for the command, or text on standard error where there is none (tell/).
 */
#ifndef FREEHOLD_COLLECT_LOST_H
#define FREEHOLD_COLLECT_LOST_H

#include "base/bits.h"

/* Once, when the library is loaded, if the option gc_report is set. */
void lost_start(void);

/* Once, at the end, after a last collection: what is lost by then counts, too. */
void lost_report(void);

#endif
