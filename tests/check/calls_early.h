/* calls_early.h: see calls_early.c. */
#ifndef FREEHOLD_TESTS_CALLS_EARLY_H
#define FREEHOLD_TESTS_CALLS_EARLY_H

#include <stdbool.h>

/* Calls the functions that must work at any time, and says whether they did. */
bool early_calls_work(void);

/* What that said when this function was resolved: 1 or 0. */
int early_resolved(void);

#endif
