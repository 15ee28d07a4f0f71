/* doctor.c: `freehold doctor`: tries every feature and reports. */
#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "tool/cli/command.h"
#include "tool/cli/exit_codes.h"
#include "tool/cli/message.h"
#include "tool/proc/feature.h"
#include "tool/proc/library_trial.h"
#include "tool/report/doctor_report.h"

static const struct feature library_feature = {
    .name = "library",
    .title = "libfreehold.so",
    .used_for = "the heap itself: /bin/true was run under it",
    .instead = "install libfreehold.so, or name it in FREEHOLD_LIBRARY=FILE",
    .required = true,
    .probe = library_trial,
};

static struct doctor_row examine(const struct feature *feature, char *value) {
  value[0] = '\0';
  bool offered = feature->probe(value);
  return (struct doctor_row){
      .name = feature->name,
      .title = feature->title,
      .since = feature->since,
      .used_for = feature->used_for,
      .instead = feature->instead,
      .value = value,
      .required = feature->required,
      .offered = offered,
  };
}

static int report(bool json) {
  size_t count = feature_count + 1;
  struct doctor_row *rows = must_allocate(count * sizeof *rows);
  char(*values)[FEATURE_VALUE_BYTES] = must_allocate(count * sizeof *values);
  bool usable = true;
  for (size_t i = 0; i < count; i++) {
    rows[i] = examine(i < feature_count ? &features[i] : &library_feature, values[i]);
    usable = usable && (rows[i].offered || !rows[i].required);
  }
  struct utsname names;
  if (uname(&names) != 0)
    memset(&names, 0, sizeof names);
  struct doctor_report result = {rows, count, names.release, names.machine, usable};
  struct message_style style = message_style_of(stdout);
  if (!json)
    doctor_report_write_text(&result, (struct doctor_style){style.bold, style.green, style.red, style.plain}, stdout);
  else if (doctor_report_write_json(&result, stdout) != 0)
    usable = false;
  free(values);
  free(rows);
  int code = message_finish_output();
  return code != EXIT_CODE_SUCCESS ? code : usable ? EXIT_CODE_HEAP_WORKS : EXIT_CODE_HEAP_FAILS;
}

int command_doctor(int count, char **arguments) {
  bool json = false;
  for (int at = 1; at < count; at++) {
    if (command_wants_help(arguments[at])) {
      help_write_command(stdout, command_find("doctor"));
      return message_finish_output();
    }
    if (strcmp(arguments[at], "--json") == 0) {
      json = true;
    } else if (arguments[at][0] == '-') {
      return command_unknown_flag(command_find("doctor"), arguments[at]);
    } else {
      message_error("doctor takes no arguments; leave out %s", arguments[at]);
      return EXIT_CODE_USAGE;
    }
  }
  return report(json);
}
