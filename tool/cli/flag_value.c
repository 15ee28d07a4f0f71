#include "tool/cli/flag_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *flag_value(const char *flag, int count, char **arguments, int *at) {
  const char *argument = arguments[*at];
  size_t length = strlen(flag);
  if (strncmp(argument, flag, length) != 0)
    return NULL;
  if (argument[length] == '=')
    return argument + length + 1;
  if (argument[length] != '\0')
    return NULL;
  return *at + 1 < count ? arguments[++*at] : "";
}

bool flag_time_read(const char *text, double least_seconds, double most_seconds, double *seconds) {
  static const struct {
    const char *unit;
    double seconds;
  } units[] = {{"", 1}, {"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}};
  char *end;
  errno = 0;
  double value = strtod(text, &end);
  if (end == text || errno != 0)
    return false;
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
    if (strcmp(end, units[i].unit) == 0) {
      *seconds = value * units[i].seconds;
      return *seconds >= least_seconds && *seconds <= most_seconds;
    }
  return false;
}
