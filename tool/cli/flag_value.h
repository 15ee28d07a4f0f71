/* flag_value.h: values of a command's own flags. */
#ifndef FREEHOLD_CLI_FLAG_VALUE_H
#define FREEHOLD_CLI_FLAG_VALUE_H

#include <stdbool.h>

/* The value of `flag` when arguments[*at] is it: from behind =, or from the next argument, to which *at goes on. NULL when it
 * is another flag; "" when there is no value. */
const char *flag_value(const char *flag, int count, char **arguments, int *at);

/* 60s, 500ms, 5m, 1h; without a unit seconds. False for what is no time, or not between the bounds. */
bool flag_time_read(const char *text, double least_seconds, double most_seconds, double *seconds);

#endif
