#include "tool/supervise/job.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tool/supervise/clock.h"

const struct job_rule_text job_rule_texts[] = {
    {RULE_NOT_STARTED, "not_started", "not started"},
    {RULE_TIMEOUT, "timeout", "ended: timeout"},
    {RULE_MEMORY_KILL, "memory_kill", "ended: did not fit"},
    {RULE_STOPPED_ITSELF, "stopped_itself", "ended: had stopped itself"},
    {RULE_INTERRUPTED, "interrupted", "interrupted"},
    {RULE_KEEPER_LOST, "keeper_lost", "ended: its keeper was killed"},
    {RULE_RETRIED, "retried", "retried"},
    {RULE_MEMORY_PAUSE, "memory_pause", "paused for memory"},
    {RULE_PAGED_OUT, "paged_out", "paged out"},
    {RULE_OVER_BUDGET, "over_budget", "passed the budget"},
    {RULE_LEFT_BEHIND, "left_behind", "left processes behind"},
};
const size_t job_rule_text_count = sizeof job_rule_texts / sizeof job_rule_texts[0];

bool job_is_there(const struct job *job) {
  return job->state == JOB_STARTING || job->state == JOB_RUNNING || job->state == JOB_ENDING;
}

bool job_has_failed(const struct job *job) {
  return job->exit_code != 0 || job->exit_signal != 0 || job->start_error != 0;
}

bool job_pause(struct job *job, enum job_pause reason) {
  bool first = job->paused == 0;
  job->paused |= reason;
  if (!first)
    return false;
  job->paused_since = clock_now();
  if (job->group.path[0] != '\0')
    group_freeze(&job->group, true);
  else
    process_tree_stop(job->keeper, &job->stopped);
  return true;
}

bool job_go_on(struct job *job, enum job_pause reason) {
  if ((job->paused & reason) == 0)
    return false;
  job->paused &= ~(unsigned)reason;
  if (job->paused != 0)
    return false;
  job->paused_time += clock_now() - job->paused_since;
  if (job->group.path[0] != '\0')
    group_freeze(&job->group, false);
  else
    process_tree_continue(&job->stopped);
  return true;
}

void job_look(struct job *job) {
  uint64_t cpu = 0;
  if (job->group.path[0] == '\0' || !group_processes(&job->group, &job->tree))
    process_tree_collect(job->keeper, &job->tree);
  if (job->group.path[0] == '\0' || !group_cpu(&job->group, &cpu))
    cpu = process_tree_cpu(job->keeper, &job->tree);
  if (cpu > job->cpu)
    job->cpu = cpu;
}

uint64_t job_paused_time(const struct job *job, uint64_t now) {
  return job->paused_time + (job->paused != 0 && now > job->paused_since ? now - job->paused_since : 0);
}

void job_end_text(const struct job *job, char *text, size_t bytes) {
  if (job->start_error != 0)
    snprintf(text, bytes, "%s: %s", job->start_problem != NULL ? job->start_problem : "not started",
             strerror(job->start_error));
  else if (job->exit_signal != 0)
    snprintf(text, bytes, "signal %d (%s)", job->exit_signal, strsignal(job->exit_signal));
  else if (job->exit_code >= 0)
    snprintf(text, bytes, "exit %d", job->exit_code);
  else
    snprintf(text, bytes, "%s", job->attempt == 0 ? "never started" : "end unknown");
}

void job_rules_text(const struct job *job, char *text, size_t bytes) {
  size_t used = 0;
  text[0] = '\0';
  for (size_t i = 0; i < job_rule_text_count && used < bytes; i++)
    if ((job->rules & job_rule_texts[i].rule) != 0)
      used += (size_t)snprintf(text + used, bytes - used, "%s%s", used > 0 ? ", " : "", job_rule_texts[i].text);
}
