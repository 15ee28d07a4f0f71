#include "tool/supervise/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/report/memory.h"
#include "tool/report/size_text.h"
#include "tool/supervise/budget.h"
#include "tool/supervise/clock.h"
#include "tool/supervise/keeper.h"
#include "tool/supervise/output.h"
#include "tool/supervise/peaks.h"
#include "tool/supervise/run_report.h"
#include "tool/supervise/table.h"
#include "tool/supervise/turns.h"

/* One that is told to end by SIGTERM, or an interrupted run, gets so long before SIGKILL. */
#define END_GRACE (2 * SECOND)
/* When everything else has ended, one that has stopped itself is waited for so long. */
#define STOPPED_GRACE (2 * SECOND)
/* Programs that are there at a time when they take turns: each is a process that holds memory. */
enum { THERE_MOST = 128, FIRST_DESCRIPTOR = 3, SUPERVISOR_NICE = -5 };
/* A group whose last process has just been waited for may need a moment to be empty. */
#define GROUP_PATIENCE (2 * SECOND)

struct supervisor {
  const struct supervise_request *request;
  struct supervise_outcome *outcome;
  struct job *jobs;
  size_t count, first_waiting;
  struct turns turns;
  struct budget budget;
  struct table table;
  struct output output;
  struct group_root group_root;
  struct isolation isolation;
  struct private_places places;
  unsigned slots, *idle_slots; /* how many of the places were made; those nobody has */
  size_t idle_count, idle_room;
  struct pollfd *polled;
  size_t polled_room;
  int signals;
  sigset_t earlier_mask;
  struct sigaction earlier_pipe, earlier_child;
  int nice;
  uint64_t next_turns, next_count, next_table;
  int interrupted_by;
  uint64_t interrupted_at;
  bool told_to_kill;
  uint64_t only_stopped_since; /* 0: something else is there */
  struct job *at_terminal;     /* who has the terminal's foreground; NULL: this process */
  bool has_terminal;
};

static void say(struct supervisor *supervisor, unsigned number, const char *sentence) {
  table_say(&supervisor->table, number, sentence);
}

static void say_for_budget(void *context, const struct job *job, const char *sentence) {
  struct supervisor *supervisor = context;
  if (!supervisor->request->quiet)
    say(supervisor, job != NULL ? job->number : 0, sentence);
}

static void say_of_places(void *context, const char *sentence) {
  say(context, 0, sentence);
}

static void hide_table(void *context) {
  struct supervisor *supervisor = context;
  table_hide(&supervisor->table);
}

/* ---- The terminal. ---- */

/* Whoever reads from it is stopped by the kernel unless it is in the foreground, as with a shell. */
static void give_terminal(struct supervisor *supervisor, struct job *job) {
  if (!supervisor->has_terminal)
    return;
  supervisor->at_terminal = job;
  tcsetpgrp(STDIN_FILENO, job != NULL ? job->program : getpgrp());
}

/* ---- Starting and ending. ---- */

static int open_input(const struct supervisor *supervisor, const struct job *job) {
  bool own = job->number == 1 && !supervisor->request->input_is_list;
  if (own && fcntl(STDIN_FILENO, F_GETFD) >= 0)
    return fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
  int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing >= FIRST_DESCRIPTOR)
    return nothing;
  int moved = fcntl(nothing, F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR);
  close(nothing);
  return moved;
}

/* It keeps its private places while it is started again. */
static int take_slot(struct supervisor *supervisor, struct job *job) {
  if (job->slot == 0)
    job->slot = supervisor->idle_count > 0 ? supervisor->idle_slots[--supervisor->idle_count] : ++supervisor->slots;
  return private_places_take(&supervisor->places, job->slot);
}

static void leave_slot(struct supervisor *supervisor, struct job *job) {
  if (job->slot == 0)
    return;
  private_places_leave(&supervisor->places, job->slot, job->number);
  supervisor->idle_slots = memory_grow(supervisor->idle_slots, supervisor->idle_count, &supervisor->idle_room,
                                       sizeof *supervisor->idle_slots);
  supervisor->idle_slots[supervisor->idle_count++] = job->slot;
  job->slot = 0;
}

static void has_ended(struct supervisor *supervisor, struct job *job) {
  uint64_t now = clock_now();
  job->state = JOB_ENDED;
  job->ended = now;
  job->held = job->claim = 0;
  job->holds_turn = false;
  job->stop_signal = 0;
  if (supervisor->at_terminal == job)
    give_terminal(supervisor, NULL);
  if (job->channel >= 0)
    close(job->channel);
  job->channel = -1;
  output_finish(&supervisor->output, job->number);
  uint64_t deadline = now + GROUP_PATIENCE;
  const struct timespec moment = {0, (long)MILLISECOND};
  while (!group_remove(&job->group) && clock_now() < deadline) {
    group_kill(&job->group);
    nanosleep(&moment, NULL);
  }
  pid_list_destroy(&job->tree);
  pid_list_destroy(&job->stopped);
  bool again = job_has_failed(job) && job->start_error == 0 && job->attempt <= supervisor->request->retries &&
               supervisor->interrupted_by == 0;
  if (again) {
    char end[256], sentence[320];
    job_end_text(job, end, sizeof end);
    snprintf(sentence, sizeof sentence, "%s; it is started again (%u of %u)", end, job->attempt,
             supervisor->request->retries);
    say_for_budget(supervisor, job, sentence);
    job->rules |= RULE_RETRIED;
    job->state = JOB_WAITING;
    if (job->learned < job->peak)
      job->learned = job->peak;
    size_t at = (size_t)(job - supervisor->jobs);
    if (at < supervisor->first_waiting)
      supervisor->first_waiting = at;
  } else {
    leave_slot(supervisor, job);
  }
}

static void not_started(struct supervisor *supervisor, struct job *job, const char *problem, int error) {
  job->start_problem = problem;
  job->start_error = error;
  job->rules |= RULE_NOT_STARTED;
  char sentence[256];
  snprintf(sentence, sizeof sentence, "%s: %s", problem, strerror(error));
  say(supervisor, job->number, sentence);
}

static void start(struct supervisor *supervisor, struct job *job) {
  const struct supervise_request *request = supervisor->request;
  job->attempt++;
  job->state = JOB_STARTING;
  job->paused = 0;
  job->stop_signal = 0;
  job->is_ending = job->went_ahead = false;
  job->exit_code = -1;
  job->exit_signal = job->start_error = 0;
  job->paused_time = job->cpu = job->held = job->counted_at = job->counted_rss = job->counted_pss = 0;
  job->started = clock_now();
  if (job->first_started == 0)
    job->first_started = job->started;
  group_create(&supervisor->group_root, &job->group, job->number, job->attempt);
  struct keeper_plan plan = {
      .command = job->command,
      .environment = job->command->preload ? request->environment : request->environment_plain,
      .number = job->number,
      .group = job->group,
      .group_root = &supervisor->group_root,
      .isolation = request->isolate ? &supervisor->isolation : NULL,
      .places = &supervisor->places,
      .nice = supervisor->nice,
      .mask = supervisor->earlier_mask,
      .pipe_action = supervisor->earlier_pipe,
  };
  plan.input = open_input(supervisor, job);
  plan.output = output_open(&supervisor->output, OUTPUT_STANDARD, job->number);
  plan.error = output_open(&supervisor->output, OUTPUT_ERROR, job->number);
  int error = plan.input < 0 || plan.output < 0 || plan.error < 0 ? errno : 0;
  if (error == 0 && request->isolate)
    error = take_slot(supervisor, job);
  plan.slot = job->slot;
  if (error == 0) {
    fflush(NULL);
    job->keeper = keeper_start(&plan, &job->channel);
    error = job->keeper < 0 ? errno : 0;
  }
  if (plan.input >= 0)
    close(plan.input);
  if (plan.output >= 0)
    close(plan.output);
  if (plan.error >= 0)
    close(plan.error);
  if (error != 0) {
    not_started(supervisor, job, "can't be started", error);
    has_ended(supervisor, job);
  }
}

static void end_job(struct supervisor *supervisor, struct job *job, enum job_rule rule, bool at_once) {
  (void)supervisor;
  job->rules |= rule;
  if (!job_is_there(job) || (job->is_ending && !at_once))
    return;
  if (!job->is_ending)
    job->told_to_end = clock_now();
  job->is_ending = true;
  if (at_once)
    keeper_tell(job->channel, KEEPER_END, 0);
  else
    keeper_tell(job->channel, KEEPER_SIGNAL, SIGTERM);
  job->stop_signal = 0;
  if (!at_once)
    keeper_tell(job->channel, KEEPER_SIGNAL, SIGCONT);
  while (job->paused != 0) /* it has to run to end */
    job_go_on(job, (enum job_pause)(job->paused & -job->paused));
}

static void end_for_budget(void *context, struct job *job, enum job_rule rule) {
  end_job(context, job, rule, true);
}

/* What may be there at a time: as many as may run, or, when they take turns, whatever the budget takes. */
static bool may_start_another(const struct supervisor *supervisor) {
  if (supervisor->interrupted_by != 0)
    return false;
  if (supervisor->turns.slice == 0)
    return turns_held(supervisor->jobs, supervisor->count) < supervisor->turns.most;
  unsigned there = 0;
  for (size_t i = 0; i < supervisor->count; i++)
    there += job_is_there(&supervisor->jobs[i]);
  return there < THERE_MOST;
}

static void start_what_may(struct supervisor *supervisor) {
  while (supervisor->first_waiting < supervisor->count &&
         supervisor->jobs[supervisor->first_waiting].state != JOB_WAITING)
    supervisor->first_waiting++;
  for (size_t i = supervisor->first_waiting; i < supervisor->count && may_start_another(supervisor); i++) {
    struct job *job = &supervisor->jobs[i];
    if (job->state != JOB_WAITING)
      continue;
    if (!budget_admit(&supervisor->budget, supervisor->jobs, supervisor->count, job))
      break; /* the next one would fit, perhaps, and the one after; but this one came first */
    start(supervisor, job);
  }
}

/* ---- What keepers say. ---- */

static void set_end(struct job *job, int status) {
  job->exit_signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  job->exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static const char *stage_text(uint32_t stage) {
  switch ((enum keeper_stage)stage) {
  case KEEPER_STAGE_FORK:
    return "no process can be made for it";
  case KEEPER_STAGE_GROUP:
    return "it can't be put into its control group";
  case KEEPER_STAGE_ISOLATE:
    return "it can't be kept apart from the others (--no-isolate starts it all the same)";
  case KEEPER_STAGE_STREAMS:
    return "its streams can't be set up";
  case KEEPER_STAGE_EXECUTE:
    break;
  }
  return "can't be executed";
}

static void interrupt(struct supervisor *supervisor, int signal_number);
static void suspend(struct supervisor *supervisor);

static void program_stopped(struct supervisor *supervisor, struct job *job, int signal_number) {
  /* Without a group a pause stops it too, and that it did may be told when it has long gone on. */
  if (job->group.path[0] == '\0' && signal_number == SIGSTOP &&
      (job->paused != 0 || process_state(job->program) != 'T'))
    return;
  if (signal_number == SIGTTIN || signal_number == SIGTTOU) {
    if (supervisor->has_terminal && supervisor->at_terminal == NULL) {
      give_terminal(supervisor, job);
      keeper_tell(job->channel, KEEPER_SIGNAL, SIGCONT);
      return;
    }
  }
  if (signal_number == SIGTSTP && supervisor->at_terminal == job) { /* Ctrl-Z, which means the whole run */
    give_terminal(supervisor, NULL);
    suspend(supervisor);
    if (tcgetpgrp(STDIN_FILENO) == getpgrp())
      give_terminal(supervisor, job);
    keeper_tell(job->channel, KEEPER_SIGNAL, SIGCONT);
    return;
  }
  job->stop_signal = signal_number;
  char sentence[160];
  snprintf(sentence, sizeof sentence, "has stopped itself (%s); kill -CONT %ld continues it",
           strsignal(signal_number), (long)job->program);
  say_for_budget(supervisor, job, sentence);
}

static void program_ended(struct supervisor *supervisor, struct job *job, const struct keeper_event *event) {
  set_end(job, event->value);
  job->state = JOB_ENDING;
  job->left_behind += event->left;
  if (event->left > 0 && !job->is_ending)
    job->rules |= RULE_LEFT_BEHIND;
  bool at_terminal = supervisor->at_terminal == job;
  if (at_terminal)
    give_terminal(supervisor, NULL);
  while (job->paused != 0) /* what it left has to run to end */
    job_go_on(job, (enum job_pause)(job->paused & -job->paused));
  if (at_terminal && job->exit_signal == SIGINT)
    interrupt(supervisor, SIGINT);
}

static void take_event(struct supervisor *supervisor, struct job *job, const struct keeper_event *event) {
  switch ((enum keeper_event_kind)event->kind) {
  case KEEPER_STARTED:
    job->program = event->value;
    job->state = JOB_RUNNING;
    job->started = clock_now();
    turns_enter(&supervisor->turns, supervisor->jobs, supervisor->count, job);
    supervisor->next_turns = supervisor->next_count = 0;
    break;
  case KEEPER_REFUSED:
    not_started(supervisor, job, stage_text(event->stage), event->value);
    break;
  case KEEPER_STOPPED:
    program_stopped(supervisor, job, event->value);
    break;
  case KEEPER_CONTINUED:
    job->stop_signal = 0;
    break;
  case KEEPER_ENDED:
    program_ended(supervisor, job, event);
    break;
  case KEEPER_GONE:
    job->cpu = event->cpu > job->cpu ? event->cpu : job->cpu;
    job->peak_rss = event->peak_rss > job->peak_rss ? event->peak_rss : job->peak_rss;
    /* What came and went between two counts is in the kernel's own. */
    job->peak = job->peak_rss > job->peak ? job->peak_rss : job->peak;
    break;
  }
}

/* Children that are no keepers: orphans of one that was killed. */
static void reap_orphans(struct supervisor *supervisor) {
  siginfo_t information = {0};
  while (waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0 && information.si_pid != 0) {
    for (size_t i = 0; i < supervisor->count; i++)
      if (job_is_there(&supervisor->jobs[i]) && supervisor->jobs[i].keeper == information.si_pid)
        return; /* its socket tells the rest */
    waitpid(information.si_pid, NULL, WNOHANG);
    information.si_pid = 0;
  }
}

/* The keeper has closed its end: all is done, or it was killed. */
static void keeper_left(struct supervisor *supervisor, struct job *job) {
  int status;
  while (waitpid(job->keeper, &status, 0) < 0 && errno == EINTR)
    continue;
  bool sound = job->state == JOB_ENDING || job->start_error != 0;
  if (!sound) {
    job->rules |= RULE_KEEPER_LOST;
    job->exit_signal = SIGKILL;
    job->exit_code = -1;
    say(supervisor, job->number, "ended: its keeper was killed");
  }
  job->all_paused_time += job_paused_time(job, clock_now());
  job->all_cpu += job->cpu;
  job->cpu = 0;
  job->paused = 0;
  if (!sound) {
    if (job->group.path[0] != '\0')
      group_kill(&job->group);
    struct pid_list keepers = {0};
    for (size_t i = 0; i < supervisor->count; i++)
      if (&supervisor->jobs[i] != job && job_is_there(&supervisor->jobs[i]))
        pid_list_add(&keepers, supervisor->jobs[i].keeper);
    const struct timespec moment = {0, (long)MILLISECOND};
    for (uint64_t deadline = clock_now() + GROUP_PATIENCE;
         keeper_end_orphans(&keepers) > 0 && clock_now() < deadline;) {
      reap_orphans(supervisor);
      nanosleep(&moment, NULL);
    }
    pid_list_destroy(&keepers);
  }
  has_ended(supervisor, job);
}

static void listen_to(struct supervisor *supervisor, struct job *job) {
  struct keeper_event event;
  ssize_t count;
  while ((count = recv(job->channel, &event, sizeof event, MSG_DONTWAIT)) == (ssize_t)sizeof event)
    take_event(supervisor, job, &event);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
    keeper_left(supervisor, job);
}

/* ---- Signals to the supervisor. ---- */

static void interrupt(struct supervisor *supervisor, int signal_number) {
  if (supervisor->interrupted_by != 0) { /* once more: at once */
    supervisor->interrupted_at = 0;
    return;
  }
  supervisor->interrupted_by = signal_number;
  supervisor->interrupted_at = clock_now();
  char sentence[160];
  snprintf(sentence, sizeof sentence, "%s: the programs are asked to end (once more: they are ended)",
           strsignal(signal_number));
  say(supervisor, 0, sentence);
  for (size_t i = 0; i < supervisor->count; i++) {
    struct job *job = &supervisor->jobs[i];
    if (job->state == JOB_ENDED)
      continue;
    job->rules |= RULE_INTERRUPTED;
    if (!job_is_there(job))
      continue;
    keeper_tell(job->channel, KEEPER_SIGNAL, signal_number);
    keeper_tell(job->channel, KEEPER_SIGNAL, SIGCONT);
    job->stop_signal = 0;
    while (job->paused != 0)
      job_go_on(job, (enum job_pause)(job->paused & -job->paused));
  }
}

static void suspend(struct supervisor *supervisor) {
  table_hide(&supervisor->table);
  for (size_t i = 0; i < supervisor->count; i++)
    if (supervisor->jobs[i].state == JOB_RUNNING)
      job_pause(&supervisor->jobs[i], PAUSE_ALL);
  kill(getpid(), SIGSTOP);
  for (size_t i = 0; i < supervisor->count; i++)
    job_go_on(&supervisor->jobs[i], PAUSE_ALL);
}

static void take_signals(struct supervisor *supervisor) {
  struct signalfd_siginfo information;
  while (read(supervisor->signals, &information, sizeof information) == (ssize_t)sizeof information) {
    switch ((int)information.ssi_signo) {
    case SIGCHLD:
      reap_orphans(supervisor);
      break;
    case SIGTSTP:
      suspend(supervisor);
      break;
    case SIGCONT:
    case SIGWINCH:
      supervisor->next_table = 0;
      break;
    default:
      interrupt(supervisor, (int)information.ssi_signo);
    }
  }
}

/* ---- Time. ---- */

static void end_what_is_late(struct supervisor *supervisor, uint64_t now) {
  uint64_t timeout = supervisor->request->timeout;
  bool interrupted_for_long = supervisor->interrupted_by != 0 && now - supervisor->interrupted_at > END_GRACE;
  for (size_t i = 0; i < supervisor->count; i++) {
    struct job *job = &supervisor->jobs[i];
    if (!job_is_there(job))
      continue;
    if (job->is_ending ? now - job->told_to_end > END_GRACE : interrupted_for_long) {
      end_job(supervisor, job, 0, true);
      job->told_to_end = now;
    } else if (timeout != 0 && job->state == JOB_RUNNING && !job->is_ending &&
               now - job->started > timeout + job_paused_time(job, now)) {
      say_for_budget(supervisor, job, "ended: it ran longer than --timeout");
      end_job(supervisor, job, RULE_TIMEOUT, false);
    }
  }
}

/* One that stopped itself just when it was paused by a signal was taken for paused; it stands after the pause. */
static void find_what_stands_still(struct supervisor *supervisor) {
  for (size_t i = 0; i < supervisor->count; i++) {
    struct job *job = &supervisor->jobs[i];
    if (job->state == JOB_RUNNING && job->paused == 0 && job->stop_signal == 0 && job->group.path[0] == '\0' &&
        process_state(job->program) == 'T')
      program_stopped(supervisor, job, SIGSTOP);
  }
}

/* When nothing is there but programs that have stopped themselves, nobody may ever continue them. */
static void end_what_stands_still(struct supervisor *supervisor, uint64_t now) {
  find_what_stands_still(supervisor);
  unsigned stopped = 0, there = 0;
  for (size_t i = 0; i < supervisor->count; i++) {
    there += job_is_there(&supervisor->jobs[i]);
    stopped += supervisor->jobs[i].state == JOB_RUNNING && supervisor->jobs[i].stop_signal != 0;
  }
  bool only = stopped > 0 && stopped == there && supervisor->first_waiting == supervisor->count;
  if (!only)
    supervisor->only_stopped_since = 0;
  else if (supervisor->only_stopped_since == 0)
    supervisor->only_stopped_since = now;
  else if (now - supervisor->only_stopped_since > STOPPED_GRACE)
    for (size_t i = 0; i < supervisor->count; i++)
      if (supervisor->jobs[i].state == JOB_RUNNING && supervisor->jobs[i].stop_signal != 0) {
        say_for_budget(supervisor, &supervisor->jobs[i], "ended: it has stopped itself, and nobody continues it");
        end_job(supervisor, &supervisor->jobs[i], RULE_STOPPED_ITSELF, true);
      }
}

/* Soon enough for whatever ends by time alone. */
#define TICK (100 * MILLISECOND)

static uint64_t earliest(uint64_t left, uint64_t right) {
  return left < right ? left : right;
}

/* Does what time wants, and says when it wants the next: nanoseconds from now. */
static uint64_t keep_time(struct supervisor *supervisor) {
  uint64_t now = clock_now();
  if (now >= supervisor->next_count) {
    uint64_t pause = budget_keep(&supervisor->budget, supervisor->jobs, supervisor->count, now);
    supervisor->next_count = now + pause;
  }
  if (now >= supervisor->next_turns && supervisor->interrupted_by == 0) {
    uint64_t pause = turns_take(&supervisor->turns, supervisor->jobs, supervisor->count, now);
    supervisor->next_turns = pause == UINT64_MAX ? UINT64_MAX : now + pause;
  }
  end_what_is_late(supervisor, now);
  end_what_stands_still(supervisor, now);
  if (supervisor->table.live && now >= supervisor->next_table) {
    const struct table_facts facts = {supervisor->jobs,
                                      supervisor->count,
                                      supervisor->request->memory,
                                      budget_held(supervisor->jobs, supervisor->count),
                                      now,
                                      supervisor->turns.most};
    supervisor->next_table = now + table_show(&supervisor->table, &facts);
  }
  uint64_t next = earliest(supervisor->next_count, supervisor->next_turns);
  if (supervisor->table.live)
    next = earliest(next, supervisor->next_table);
  now = clock_now();
  return next > now ? earliest(next - now, TICK) : 0;
}

/* ---- The loop. ---- */

static bool all_have_ended(const struct supervisor *supervisor) {
  for (size_t i = 0; i < supervisor->count; i++)
    if (supervisor->jobs[i].state != JOB_ENDED &&
        (supervisor->interrupted_by == 0 || supervisor->jobs[i].state != JOB_WAITING))
      return false;
  return true;
}

static void wait_for_something(struct supervisor *supervisor, uint64_t pause) {
  size_t most = 1 + supervisor->count + output_polled_most(&supervisor->output);
  if (most > supervisor->polled_room) {
    free(supervisor->polled);
    supervisor->polled = memory_allocate(2 * most, sizeof *supervisor->polled);
    supervisor->polled_room = 2 * most;
  }
  struct pollfd *polled = supervisor->polled;
  size_t count = 0;
  polled[count++] = (struct pollfd){supervisor->signals, POLLIN, 0};
  for (size_t i = 0; i < supervisor->count; i++)
    if (job_is_there(&supervisor->jobs[i]))
      polled[count++] = (struct pollfd){supervisor->jobs[i].channel, POLLIN, 0};
  size_t keepers_end = count;
  count = output_add_polled(&supervisor->output, polled, count);
  const struct timespec timeout = {(time_t)(pause / SECOND), (long)(pause % SECOND)};
  if (ppoll(polled, (nfds_t)count, &timeout, NULL) <= 0)
    return;
  output_take_polled(&supervisor->output, polled);
  size_t at = 1;
  for (size_t i = 0; i < supervisor->count && at < keepers_end; i++)
    if (job_is_there(&supervisor->jobs[i]) && supervisor->jobs[i].channel == polled[at].fd) {
      if (polled[at].revents != 0)
        listen_to(supervisor, &supervisor->jobs[i]);
      at++;
    }
  if (polled[0].revents != 0)
    take_signals(supervisor);
}

/* ---- Before and after. ---- */

/* Says what the kernel can't enforce. False when that was required. */
static bool say_what_is_missing(struct supervisor *supervisor) {
  const struct supervise_request *request = supervisor->request;
  bool sound = true;
  if (request->isolate)
    for (size_t i = 0; i < isolation_text_count; i++)
      if ((supervisor->isolation.parts & isolation_texts[i].part) == 0) {
        char sentence[256];
        snprintf(sentence, sizeof sentence, "not kept apart here: %s; it takes %s", isolation_texts[i].what,
                 isolation_texts[i].wanted);
        say(supervisor, 0, sentence);
        sound = false;
      }
  if ((request->slice != 0 || request->memory != 0) && supervisor->group_root.path[0] == '\0') {
    char sentence[384];
    snprintf(sentence, sizeof sentence, "programs are paused by SIGSTOP, which they can notice: %s",
             supervisor->group_root.reason);
    say(supervisor, 0, sentence);
    sound = false;
  }
  if (!sound && request->require)
    say(supervisor, 0, "nothing was started, because --require asks for all of it");
  return sound || !request->require;
}

static void keep_signals(struct supervisor *supervisor) {
  static const int kept[] = {SIGCHLD, SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGTSTP, SIGCONT, SIGWINCH};
  sigset_t awaited;
  sigemptyset(&awaited);
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
    struct sigaction now;
    bool is_ignored = sigaction(kept[i], NULL, &now) == 0 && now.sa_handler == SIG_IGN; /* nohup, a shell's & */
    if (!is_ignored || kept[i] == SIGCHLD)
      sigaddset(&awaited, kept[i]);
  }
  supervisor->signals = signalfd(-1, &awaited, SFD_CLOEXEC | SFD_NONBLOCK);
  sigaddset(&awaited, SIGTTOU); /* it takes the terminal back from the background */
  sigprocmask(SIG_BLOCK, &awaited, &supervisor->earlier_mask);
  sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &supervisor->earlier_pipe);
  sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, &supervisor->earlier_child);
}

static void begin(struct supervisor *supervisor) {
  const struct supervise_request *request = supervisor->request;
  const char *left_out = getenv("FREEHOLD_WITHOUT"); /* for tests: docs/design/supervise.md */
  supervisor->jobs = memory_allocate(supervisor->count, sizeof *supervisor->jobs);
  for (size_t i = 0; i < supervisor->count; i++)
    supervisor->jobs[i] = (struct job){
        .command = &request->list->commands[i], .number = (unsigned)i + 1, .channel = -1, .exit_code = -1};
  peaks_read(request->list, supervisor->jobs, supervisor->count);
  table_begin(&supervisor->table, request->no_table, request->quiet);
  supervisor->output.tag = request->tag;
  supervisor->output.before = hide_table;
  supervisor->output.context = supervisor;
  supervisor->output.relayed[OUTPUT_STANDARD] = request->tag || (supervisor->table.live && isatty(STDOUT_FILENO));
  supervisor->output.relayed[OUTPUT_ERROR] = request->tag || supervisor->table.live;
  supervisor->turns = (struct turns){request->cpus, request->slice};
  supervisor->budget = (struct budget){.bytes = request->memory,
                                       .may_kill = request->may_kill,
                                       .say = say_for_budget,
                                       .end = end_for_budget,
                                       .context = supervisor};
  budget_begin(&supervisor->budget);
  if (left_out != NULL && strstr(left_out, "groups") != NULL)
    snprintf(supervisor->group_root.reason, sizeof supervisor->group_root.reason, "FREEHOLD_WITHOUT says so");
  else
    group_root_create(&supervisor->group_root);
  if (request->isolate) {
    private_places_begin(&supervisor->places);
    isolation_probe(&supervisor->isolation, &supervisor->places);
    isolation_leave_out(&supervisor->isolation, left_out);
  }
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  errno = 0;
  supervisor->nice = getpriority(PRIO_PROCESS, 0);
  /* It has to be there in time; who may not ask for that asks in vain. */
  if ((request->slice != 0 || request->memory != 0) && supervisor->nice > SUPERVISOR_NICE)
    setpriority(PRIO_PROCESS, 0, SUPERVISOR_NICE);
  supervisor->has_terminal = !request->input_is_list && isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
  keep_signals(supervisor);
}

static void finish(struct supervisor *supervisor) {
  struct supervise_outcome *outcome = supervisor->outcome;
  const struct supervise_request *request = supervisor->request;
  give_terminal(supervisor, NULL);
  table_hide(&supervisor->table);
  output_destroy(&supervisor->output);
  private_places_end(&supervisor->places, say_of_places, supervisor);
  outcome->frozen_by_group = supervisor->group_root.path[0] != '\0';
  group_root_remove(&supervisor->group_root);
  outcome->ended = clock_now();
  outcome->jobs = supervisor->jobs;
  outcome->count = supervisor->count;
  outcome->interrupted_by = supervisor->interrupted_by;
  outcome->isolated = supervisor->isolation.parts;
  outcome->peak = supervisor->budget.peak;
  for (size_t i = 0; i < supervisor->count; i++)
    outcome->failed += job_has_failed(&supervisor->jobs[i]);
  if (!outcome->not_started) {
    peaks_write(request->list, supervisor->jobs, supervisor->count);
    const struct table_facts facts = {supervisor->jobs, supervisor->count,     request->memory, 0,
                                      outcome->ended,   supervisor->turns.most};
    table_end(&supervisor->table, &facts);
    int error = request->report != NULL ? run_report_write(request, outcome) : 0;
    if (error != 0) {
      char sentence[PATH_MAX + 128];
      snprintf(sentence, sizeof sentence, "%s: the report could not be written: %s; name another file with --report",
               request->report, strerror(error));
      say(supervisor, 0, sentence);
      outcome->report_lost = true;
    }
  }
  free(supervisor->polled);
  free(supervisor->idle_slots);
  close(supervisor->signals);
  setpriority(PRIO_PROCESS, 0, supervisor->nice);
  sigaction(SIGCHLD, &supervisor->earlier_child, NULL);
  sigaction(SIGPIPE, &supervisor->earlier_pipe, NULL);
  sigprocmask(SIG_SETMASK, &supervisor->earlier_mask, NULL);
}

void supervise(const struct supervise_request *request, struct supervise_outcome *outcome) {
  struct supervisor supervisor = {.request = request, .outcome = outcome, .count = request->list->count};
  *outcome = (struct supervise_outcome){.started = clock_now()};
  begin(&supervisor);
  outcome->not_started = !say_what_is_missing(&supervisor);
  while (!outcome->not_started) {
    start_what_may(&supervisor);
    if (all_have_ended(&supervisor))
      break;
    wait_for_something(&supervisor, keep_time(&supervisor));
  }
  finish(&supervisor);
}

void supervise_release(struct supervise_outcome *outcome) {
  free(outcome->jobs);
  outcome->jobs = NULL;
}
