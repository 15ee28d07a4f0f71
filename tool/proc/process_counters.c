#include "tool/proc/process_counters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/proc/small_file.h"

/* Fields as proc_pid_stat(5) numbers them, from the one behind the name on. */
enum {
  FIELD_STATE = 3,
  FIELD_PARENT = 4,
  FIELD_MINOR_FAULTS = 10,
  FIELD_MAJOR_FAULTS = 12,
  FIELD_USER_TIME = 14,
  FIELD_SYSTEM_TIME = 15,
  FIELD_START = 22
};

static uint64_t nanoseconds(uint64_t ticks) {
  long per_second = sysconf(_SC_CLK_TCK);
  return ticks * (1000000000u / (uint64_t)(per_second > 0 ? per_second : 100));
}

int process_counters_read(pid_t pid, struct process_counters *out) {
  memset(out, 0, sizeof *out);
  char text[1024];
  ssize_t got = small_file_of(pid, "stat", text, sizeof text);
  if (got <= 0)
    return got == 0 || errno == ENOENT ? ESRCH : errno;
  /* The name may have blanks and parentheses itself, so its end is the last one. */
  char *name = strchr(text, '('), *end = strrchr(text, ')');
  if (name == NULL || end == NULL || end < name)
    return EPROTO;
  *end = '\0';
  snprintf(out->name, sizeof out->name, "%s", name + 1);
  char *rest = end + 1, *kept = NULL;
  int number = FIELD_STATE;
  for (char *word = strtok_r(rest, " ", &kept); word != NULL; word = strtok_r(NULL, " ", &kept), number++) {
    uint64_t value = strtoull(word, NULL, 10);
    switch (number) {
    case FIELD_STATE:
      out->state = word[0];
      break;
    case FIELD_PARENT:
      out->parent = (pid_t)value;
      break;
    case FIELD_MINOR_FAULTS:
      out->minor_faults = value;
      break;
    case FIELD_MAJOR_FAULTS:
      out->major_faults = value;
      break;
    case FIELD_USER_TIME:
    case FIELD_SYSTEM_TIME:
      out->processor_nanoseconds += nanoseconds(value);
      break;
    case FIELD_START:
      out->start_ticks = value;
      break;
    default:
      break;
    }
  }
  return number > FIELD_START ? 0 : EPROTO;
}
