/* report.h: what went wrong with a sampled object, as text. */
#ifndef FREEHOLD_SAMPLE_REPORT_H
#define FREEHOLD_SAMPLE_REPORT_H

#include "heap/sampled.h"

/* Writes the report where the option sample_file says, or to standard error. Async-signal-safe. */
void sample_report(const struct sampled_error *error);

/* The stack outside of this library, innermost frame first. In a static program the library's own frames stay: it has no
 * bounds there. Returns how many. */
size_t sample_stack(uintptr_t *frames, size_t most);

/* Once: finds the library's own bounds. */
void sample_report_start(void);

#endif
