#include "tool/supervise/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/supervise/clock.h"

/* What a program has left behind is asked to end, and gets so long to do it. */
#define END_GRACE (1 * SECOND)
enum { END_PAUSE_MILLISECONDS = 20, FIRST_FREE_DESCRIPTOR = 3 };

struct keeper {
  const struct keeper_plan *plan;
  int channel; /* -1: the supervisor is gone */
  int children;
  pid_t program;
  bool ended, ending_now;
  uint64_t asked_to_end; /* when what was left behind was */
};

bool keeper_tell(int channel, enum keeper_order_kind kind, int value) {
  const struct keeper_order order = {kind, value};
  return send(channel, &order, sizeof order, MSG_NOSIGNAL) == (ssize_t)sizeof order;
}

static void say(struct keeper *keeper, struct keeper_event event) {
  if (keeper->channel < 0)
    return;
  ssize_t sent;
  do
    sent = send(keeper->channel, &event, sizeof event, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
}

/* ---- In the process that becomes the program. ---- */

struct failure {
  int error;
  uint32_t stage;
};

static _Noreturn void fail(int failures, enum keeper_stage stage, int error) {
  const struct failure failure = {error, stage};
  if (write(failures, &failure, sizeof failure) < 0)
    _exit(126);
  _exit(127);
}

static _Noreturn void become(const struct keeper_plan *plan, int failures, pid_t keeper) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != keeper)
    _exit(127);
  int error = plan->group.path[0] != '\0' ? group_join(&plan->group) : 0;
  if (error != 0)
    fail(failures, KEEPER_STAGE_GROUP, error);
  const int streams[] = {plan->input, plan->output, plan->error};
  for (int i = 0; i < 3; i++)
    if (dup2(streams[i], i) < 0)
      fail(failures, KEEPER_STAGE_STREAMS, errno);
  /* What setenv changes in isolation_apply is what the program is given. */
  extern char **environ;
  environ = plan->environment;
  error = plan->isolation != NULL ? isolation_apply(plan->isolation, plan->places, plan->slot) : 0;
  if (error != 0)
    fail(failures, KEEPER_STAGE_ISOLATE, error);
  setpriority(PRIO_PROCESS, 0, plan->nice);
  sigaction(SIGPIPE, &plan->pipe_action, NULL);
  sigprocmask(SIG_SETMASK, &plan->mask, NULL);
  execve(plan->command->path, plan->command->arguments, environ);
  fail(failures, KEEPER_STAGE_EXECUTE, errno);
}

/* ---- The keeper. ---- */

/* Whether the program runs now; says so, or why not. */
static bool start_program(struct keeper *keeper) {
  int failures[2];
  if (pipe2(failures, O_CLOEXEC) != 0) {
    say(keeper, (struct keeper_event){.kind = KEEPER_REFUSED, .value = errno, .stage = KEEPER_STAGE_FORK});
    return false;
  }
  pid_t self = getpid();
  keeper->program = fork();
  if (keeper->program == 0)
    become(keeper->plan, failures[1], self);
  struct failure failure = {errno, KEEPER_STAGE_FORK};
  close(failures[1]);
  ssize_t count = 0;
  if (keeper->program > 0) {
    setpgid(keeper->program, keeper->program);
    do
      count = read(failures[0], &failure, sizeof failure);
    while (count < 0 && errno == EINTR);
  }
  close(failures[0]);
  if (keeper->program < 0 || count > 0) {
    if (keeper->program > 0)
      waitpid(keeper->program, NULL, 0);
    say(keeper, (struct keeper_event){.kind = KEEPER_REFUSED, .value = failure.error, .stage = failure.stage});
    return false;
  }
  say(keeper, (struct keeper_event){.kind = KEEPER_STARTED, .value = keeper->program});
  return true;
}

/* Sends a signal to all that is left; how many there are. */
static size_t signal_all(struct keeper *keeper, int signal_number) {
  if (signal_number == SIGKILL && keeper->plan->group.path[0] != '\0')
    group_kill(&keeper->plan->group);
  return process_tree_signal(getpid(), signal_number);
}

static void program_has_ended(struct keeper *keeper, int status) {
  keeper->ended = true;
  keeper->asked_to_end = clock_now();
  size_t left = signal_all(keeper, keeper->ending_now ? SIGKILL : SIGTERM);
  say(keeper, (struct keeper_event){.kind = KEEPER_ENDED, .value = status, .left = (uint32_t)left});
}

/* Takes notice of every child that has changed. Whether there still are any. */
static bool take_notice(struct keeper *keeper) {
  int status, program_status = 0;
  bool program_ended = false;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED)) > 0) {
    if (pid != keeper->program || keeper->ended)
      continue; /* an orphan */
    if (WIFSTOPPED(status))
      say(keeper, (struct keeper_event){.kind = KEEPER_STOPPED, .value = WSTOPSIG(status)});
    else if (WIFCONTINUED(status))
      say(keeper, (struct keeper_event){.kind = KEEPER_CONTINUED});
    else
      program_ended = true, program_status = status;
  }
  bool left = pid == 0 || errno != ECHILD; /* before anything below changes errno */
  /* Only now: zombies among the orphans are no longer there to be counted. */
  if (program_ended)
    program_has_ended(keeper, program_status);
  return left;
}

static void obey(struct keeper *keeper) {
  struct keeper_order order;
  ssize_t count = recv(keeper->channel, &order, sizeof order, MSG_DONTWAIT);
  if (count == (ssize_t)sizeof order) {
    if (order.kind == KEEPER_END)
      keeper->ending_now = true;
    else
      signal_all(keeper, order.value);
  } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
    close(keeper->channel);
    keeper->channel = -1;
    keeper->ending_now = true;
  }
}

static _Noreturn void leave(struct keeper *keeper) {
  struct rusage usage = {0};
  getrusage(RUSAGE_CHILDREN, &usage);
  const uint64_t microsecond = 1000, kibibyte = 1024;
  say(keeper, (struct keeper_event){
                  .kind = KEEPER_GONE,
                  .cpu = ((uint64_t)usage.ru_utime.tv_sec + (uint64_t)usage.ru_stime.tv_sec) * SECOND +
                         ((uint64_t)usage.ru_utime.tv_usec + (uint64_t)usage.ru_stime.tv_usec) * microsecond,
                  .peak_rss = (uint64_t)usage.ru_maxrss * kibibyte});
  struct keeper_plan plan = *keeper->plan;
  if (keeper->channel < 0) { /* nobody else is there to do it */
    struct group_root root = *plan.group_root;
    group_remove(&plan.group);
    group_root_remove(&root);
    private_places_leave(plan.places, plan.slot, plan.number);
    private_places_end(plan.places, NULL, NULL);
  }
  _exit(0);
}

static _Noreturn void keep(struct keeper *keeper) {
  bool started = start_program(keeper);
  /* Whoever reads what the program writes should see its end when the program ends. */
  int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int i = 0; i < FIRST_FREE_DESCRIPTOR; i++)
    dup2(nothing, i);
  close(keeper->plan->input);
  close(keeper->plan->output);
  close(keeper->plan->error);
  while (started && take_notice(keeper)) {
    if (keeper->ending_now || (keeper->ended && clock_now() - keeper->asked_to_end > END_GRACE))
      signal_all(keeper, SIGKILL);
    struct pollfd polled[] = {{keeper->children, POLLIN, 0}, {keeper->channel, POLLIN, 0}};
    poll(polled, 2, keeper->ended || keeper->ending_now ? END_PAUSE_MILLISECONDS : -1);
    struct signalfd_siginfo information;
    if (polled[0].revents != 0 && read(keeper->children, &information, sizeof information) < 0 && errno == EBADF)
      break;
    if (keeper->channel >= 0 && polled[1].revents != 0)
      obey(keeper);
  }
  leave(keeper);
}

static int compare_descriptors(const void *left, const void *right) {
  return *(const int *)left - *(const int *)right;
}

/* Sockets of other keepers above all: they would keep one from seeing that the supervisor is gone. */
static void close_others(const int *kept, size_t count) {
  int sorted[8];
  memcpy(sorted, kept, count * sizeof *kept);
  qsort(sorted, count, sizeof sorted[0], compare_descriptors);
  unsigned from = FIRST_FREE_DESCRIPTOR;
  for (size_t i = 0; i < count; i++) {
    if (sorted[i] < (int)from)
      continue;
    if (sorted[i] > (int)from)
      syscall(SYS_close_range, from, (unsigned)sorted[i] - 1, 0);
    from = (unsigned)sorted[i] + 1;
  }
  syscall(SYS_close_range, from, ~0u, 0);
}

pid_t keeper_start(const struct keeper_plan *plan, int *channel) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return -1;
  pid_t pid = fork();
  if (pid != 0) {
    int error = errno;
    close(ends[1]);
    if (pid < 0)
      close(ends[0]);
    else
      *channel = ends[0];
    errno = error;
    return pid;
  }
  /* A group of its own, out of reach of what is meant for the supervisor's: it must outlive it. */
  setpgid(0, 0);
  prctl(PR_SET_NAME, "freehold-keeper");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  setpriority(PRIO_PROCESS, 0, plan->nice);
  const int kept[] = {ends[1], plan->input, plan->output, plan->error};
  close_others(kept, sizeof kept / sizeof kept[0]);
  sigset_t all, child;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  struct keeper keeper = {.plan = plan, .channel = ends[1], .children = signalfd(-1, &child, SFD_CLOEXEC)};
  keep(&keeper);
}

size_t keeper_end_orphans(const struct pid_list *keepers) {
  struct pid_list tree = {0}, own = {0};
  process_tree_collect(getpid(), &tree);
  size_t count = 0;
  /* Parents come before their children, so whether one belongs to a keeper is known from its parent: ask each
   * keeper. */
  for (size_t i = 0; i < keepers->count; i++) {
    process_tree_collect(keepers->pids[i], &own);
    for (size_t j = 0; j < own.count; j++)
      for (size_t k = 0; k < tree.count; k++)
        if (tree.pids[k] == own.pids[j])
          tree.pids[k] = 0;
  }
  for (size_t i = 0; i < tree.count; i++)
    if (tree.pids[i] != 0 && !pid_list_has(keepers, tree.pids[i]) && process_state(tree.pids[i]) != 'Z') {
      kill(tree.pids[i], SIGKILL);
      count++;
    }
  pid_list_destroy(&tree);
  pid_list_destroy(&own);
  return count;
}
