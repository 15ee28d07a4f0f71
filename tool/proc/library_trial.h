/* library_trial.h: does the library work here? Runs /bin/true under it. */
#ifndef FREEHOLD_PROC_LIBRARY_TRIAL_H
#define FREEHOLD_PROC_LIBRARY_TRIAL_H

#include <stdbool.h>

/* True when the library is found, the loader takes it, it says that it serves, and the program ends well. `value`
 * (FEATURE_VALUE_BYTES) gets its path, or the reason. */
bool library_trial(char *value);

#endif
