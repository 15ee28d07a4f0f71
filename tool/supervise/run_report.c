#include "tool/supervise/run_report.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "freehold.h"
#include "tool/report/json_text.h"
#include "tool/supervise/clock.h"

static json_t *number_or_null(bool is_there, json_int_t number) {
  return is_there ? json_integer(number) : json_null();
}

static json_t *rules_to_json(const struct job *job) {
  json_t *rules = json_array();
  for (size_t i = 0; i < job_rule_text_count; i++)
    if ((job->rules & job_rule_texts[i].rule) != 0)
      json_array_append_new(rules, json_string(job_rule_texts[i].name));
  return rules;
}

static json_t *arguments_to_json(const struct job_command *command) {
  json_t *arguments = json_array();
  for (size_t i = 0; command->arguments[i] != NULL; i++)
    json_array_append_new(arguments, json_text(command->arguments[i]));
  return arguments;
}

static json_t *seconds(uint64_t nanoseconds) {
  return json_real(seconds_of(nanoseconds));
}

static json_t *job_to_json(const struct job *job, uint64_t run_started) {
  bool was_started = job->first_started != 0;
  return json_pack("{s:i, s:o, s:b, s:o, s:o, s:o, s:i, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:i, s:o}", "number",
                   (int)job->number, "arguments", arguments_to_json(job->command), "failed", (int)job_has_failed(job),
                   "exit_code", number_or_null(job->exit_code >= 0 && job->exit_signal == 0, job->exit_code),
                   "signal", number_or_null(job->exit_signal != 0, job->exit_signal), "start_error",
                   job->start_error != 0 ? json_text(strerror(job->start_error)) : json_null(), "attempts",
                   (int)job->attempt, "started_seconds",
                   was_started ? seconds(job->first_started - run_started) : json_null(), "wall_seconds",
                   was_started ? seconds(job->ended - job->first_started) : json_real(0), "cpu_seconds",
                   seconds(job->all_cpu), "paused_seconds", seconds(job->all_paused_time), "turns",
                   (json_int_t)job->turns, "peak_bytes", (json_int_t)job->peak, "peak_rss_bytes",
                   (json_int_t)job->peak_rss, "left_behind", (int)job->left_behind, "rules", rules_to_json(job));
}

static json_t *isolation_to_json(const struct supervise_request *request, const struct supervise_outcome *outcome) {
  json_t *parts = json_object();
  for (size_t i = 0; i < isolation_text_count; i++)
    json_object_set_new(parts, isolation_texts[i].name,
                        json_boolean(request->isolate && (outcome->isolated & isolation_texts[i].part) != 0));
  return parts;
}

static json_t *run_to_json(const struct supervise_request *request, const struct supervise_outcome *outcome) {
  json_t *programs = json_array();
  for (size_t i = 0; i < outcome->count; i++)
    json_array_append_new(programs, job_to_json(&outcome->jobs[i], outcome->started));
  return json_pack("{s:s, s:s, s:i, s:i, s:o, s:o, s:o, s:i, s:s, s:o, s:o, s:I, s:o}", "schema", "run-1", "version",
                   FH_VERSION_STRING, "program_count", (int)outcome->count, "failed_count", (int)outcome->failed,
                   "interrupted_by_signal", number_or_null(outcome->interrupted_by != 0, outcome->interrupted_by),
                   "budget_bytes", number_or_null(request->memory != 0, (json_int_t)request->memory), "slice_seconds",
                   request->slice != 0 ? seconds(request->slice) : json_null(), "running_most", (int)request->cpus,
                   "paused_by", outcome->frozen_by_group ? "cgroup" : "signals", "isolation",
                   isolation_to_json(request, outcome), "wall_seconds", seconds(outcome->ended - outcome->started),
                   "peak_bytes", (json_int_t)outcome->peak, "programs", programs);
}

int run_report_write(const struct supervise_request *request, const struct supervise_outcome *outcome) {
  json_t *root = run_to_json(request, outcome);
  if (root == NULL)
    return ENOMEM;
  FILE *file = fopen(request->report, "we");
  int error = file == NULL ? errno : 0;
  if (file != NULL) {
    errno = 0;
    bool written = json_dumpf(root, file, JSON_INDENT(2)) == 0 && fputc('\n', file) != EOF && fflush(file) == 0;
    if (!written)
      error = errno != 0 ? errno : EIO;
    if (fclose(file) != 0 && error == 0)
      error = errno;
  }
  json_decref(root);
  return error;
}
