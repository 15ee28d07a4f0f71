/* calls_system_test.c: the wrappers of the system, and programs that are started. */
#include "calls_test.h"

#include <spawn.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>

void test_system(void) {
  void *answer = fake_object(4096);
  struct timespec *value = NEW(struct timespec);
#define ASKS(name, arguments, type) GIVES(name, arguments, 0, FILL(answer, sizeof(type), sizeof(type)))
  ASKS(clock_gettime, (CLOCK_REALTIME, answer), struct timespec);
  ASKS(clock_getres, (CLOCK_REALTIME, answer), struct timespec);
  GIVES(clock_settime, (-1, value), -1, READ(value, 16));
  GIVES(timespec_get, (answer, TIME_UTC), TIME_UTC, FILL(answer, 16, 16));
  GIVES(time, (answer), *(time_t *)answer, FILL(answer, sizeof(time_t), sizeof(time_t)));
  ASKS(gettimeofday, (answer, NULL), struct timeval);
  struct timeval *bad = NEW(struct timeval);
  bad->tv_usec = 5000000;
  GIVES(settimeofday, (bad, NULL), -1, READ(bad, 16));
  {
    extern __typeof__(times) call_times;
    note_called("times");
    fake_forget();
    EXPECT(call_times(answer) != -1);
    EXPECT_EFFECTS(times, FILL(answer, sizeof(struct tms), sizeof(struct tms)));
  }
  GIVES(nanosleep, (value, answer), 0, READ(value, 16), OPEN(answer, 16));
  GIVES(clock_nanosleep, (CLOCK_MONOTONIC, 0, value, answer), 0, READ(value, 16), OPEN(answer, 16));
  ASKS(getitimer, (ITIMER_REAL, answer), struct itimerval);
  struct itimerval *period = NEW(struct itimerval);
  GIVES(setitimer, (ITIMER_REAL, period, answer), 0, READ(period, sizeof *period), FILL(answer, 32, 32));
  int timer = timerfd_create(CLOCK_MONOTONIC, 0);
  struct itimerspec *alarm = NEW(struct itimerspec);
  ASKS(timerfd_gettime, (timer, answer), struct itimerspec);
  GIVES(timerfd_settime, (timer, 0, alarm, answer), 0, READ(alarm, sizeof *alarm), FILL(answer, 32, 32));
  close(timer);

  struct rlimit *limit = NEW(struct rlimit);
  ASKS(getrlimit, (RLIMIT_NOFILE, answer), struct rlimit);
  ASKS(getrlimit64, (RLIMIT_NOFILE, answer), struct rlimit64);
  getrlimit(RLIMIT_NOFILE, limit);
  GIVES(setrlimit, (RLIMIT_NOFILE, limit), 0, READ(limit, 16));
  GIVES(setrlimit64, (RLIMIT_NOFILE, (void *)limit), 0, READ(limit, 16));
  GIVES(prlimit, (0, RLIMIT_NOFILE, limit, answer), 0, READ(limit, 16), FILL(answer, 16, 16));
  GIVES(prlimit64, (0, RLIMIT_NOFILE, (void *)limit, answer), 0, READ(limit, 16), FILL(answer, 16, 16));
  ASKS(getrusage, (RUSAGE_SELF, answer), struct rusage);
  ASKS(sysinfo, (answer), struct sysinfo);
  GIVES(getloadavg, (answer, 3), 3, FILL(answer, 24, 24));
  ASKS(sched_getaffinity, (0, sizeof(cpu_set_t), answer), cpu_set_t);
  GIVES(sched_setaffinity, (0, sizeof(cpu_set_t), answer), 0, CARRY(answer, sizeof(cpu_set_t)));
  ASKS(sched_getparam, (0, answer), struct sched_param);
  struct sched_param *priority = NEW(struct sched_param);
  GIVES(sched_setparam, (0, priority), 0, READ(priority, sizeof *priority));
  GIVES(sched_setscheduler, (0, SCHED_OTHER, priority), 0, READ(priority, sizeof *priority));
  int groups = getgroups(0, NULL);
  fake_forget();
  if (groups > 0)
    GIVES(getgroups, (512, answer), groups, FILL(answer, 2048, (size_t)groups * 4));
  note_called("getgroups");

  ASKS(uname, (answer), struct utsname);
  char host[256];
  EXPECT_EQUAL(gethostname(host, sizeof host), 0);
  GIVES(gethostname, (answer, 256), 0, FILL(answer, 256, strlen(host) + 1));
  GIVES(__gethostname_chk, (answer, 256, 256), 0, FILL(answer, 256, strlen(host) + 1));
  EXPECT_EQUAL(getdomainname(host, sizeof host), 0);
  GIVES(getdomainname, (answer, 256), 0, FILL(answer, 256, strlen(host) + 1));
  GIVES(sethostname, (answer, 4096), -1, CARRY(answer, 4096));
  GIVES(ttyname_r, (-1, answer, 64), EBADF, OPEN(answer, 64));
  {
    extern __typeof__(getlogin_r) call_getlogin_r;
    note_called("getlogin_r");
    fake_forget();
    if (call_getlogin_r(answer, 64) == 0)
      EXPECT_EFFECTS(getlogin_r, FILL(answer, 64, strlen(answer) + 1));
    else
      EXPECT_EFFECTS(getlogin_r, OPEN(answer, 64));
  }

  int *state = NEW(int);
  pid_t child;
#define CHILD_ENDS(name, arguments, ...)                                                                             \
  child = fork();                                                                                                    \
  if (child == 0)                                                                                                    \
    _exit(7);                                                                                                        \
  GIVES(name, arguments, child, OPEN(state, 4), ##__VA_ARGS__);                                                      \
  EXPECT_EQUAL(WEXITSTATUS(*state), 7)
#define USE_COMES OPEN(answer, sizeof(struct rusage)), WRITE(state, 4), WRITE(answer, sizeof(struct rusage))
  CHILD_ENDS(wait, (state), WRITE(state, 4));
  CHILD_ENDS(waitpid, (child, state, 0), WRITE(state, 4));
  CHILD_ENDS(wait3, (state, 0, answer), USE_COMES);
  CHILD_ENDS(wait4, (child, state, 0, answer), USE_COMES);
  GIVES(waitpid, (-1, state, WNOHANG), -1, OPEN(state, 4));
  child = fork();
  if (child == 0)
    _exit(7);
  GIVES(waitid, (P_PID, (id_t)child, answer, WEXITED), 0, FILL(answer, sizeof(siginfo_t), sizeof(siginfo_t)));
}

/* ---- Programs, and calls of many faces ---- */

extern char **environ;

void test_programs(void) {
  char *path = text("/nonexistent/program");
  char *const arguments[] = {path, NULL};
#define EXEC_FAILS(name, given) GIVES(name, given, -1, OPEN_ALL)
  EXEC_FAILS(execve, (path, arguments, environ));
  EXEC_FAILS(execveat, (AT_FDCWD, path, arguments, environ, 0));
  EXEC_FAILS(fexecve, (-1, arguments, environ));
  EXEC_FAILS(execv, (path, arguments));
  EXEC_FAILS(execvp, (path, arguments));
  EXEC_FAILS(execvpe, (path, arguments, environ));
  EXEC_FAILS(execl, (path, path, "a", NULL));
  EXEC_FAILS(execlp, (path, path, NULL));
  EXEC_FAILS(execle, (path, path, NULL, environ));
  /* All arguments arrive, and the environment. */
  int state;
  pid_t child = fork();
  if (child == 0) {
    extern __typeof__(execle) call_execle;
    char *const own[] = {(char *)(uintptr_t) "SEEN=yes", NULL};
    call_execle("/bin/sh", "sh", "-c", "test \"$SEEN$1$2\" = yesab && test $# = 2 && exit 9", "sh", "a", "b", NULL,
                own);
    _exit(1);
  }
  EXPECT_EQUAL(waitpid(child, &state, 0), child);
  EXPECT_EQUAL(WEXITSTATUS(state), 9);
  pid_t *process = NEW(pid_t);
  char *const true_arguments[] = {(char *)(uintptr_t) "true", NULL};
#define SPAWNS(name, program)                                                                                        \
  GIVES(name, (process, program, NULL, NULL, true_arguments, environ), 0, OPEN_ALL,                                  \
        WRITE(process, sizeof *process));                                                                            \
  EXPECT_EQUAL(waitpid(*process, &state, 0), *process);                                                              \
  EXPECT_EQUAL(state, 0)
  SPAWNS(posix_spawn, "/bin/true");
  SPAWNS(posix_spawnp, "true");

  int ends[2], *available = NEW(int);
  EXPECT_EQUAL(pipe(ends), 0);
  EXPECT_EQUAL(write(ends[1], "abc", 3), 3);
  GIVES(ioctl, (ends[0], FIONREAD, available), 0, FILL(available, 4, 4));
  EXPECT_EQUAL(*available, 3);
  *available = 0;
  GIVES(ioctl, (ends[0], FIONBIO, available), 0, READ(available, 4));
  struct termios *terminal = NEW(struct termios);
  GIVES(ioctl, (ends[0], TCGETS, terminal), -1, OPEN(terminal, 1));
  int file = file_of("abc");
  struct flock *lock = NEW(struct flock);
  lock->l_type = F_WRLCK;
  GIVES(fcntl, (file, F_GETLK, lock), 0, CARRY(lock, sizeof *lock), OPEN(lock, sizeof *lock));
  GIVES(fcntl64, (file, F_GETFD), 0);
  GIVES(fcntl, (file, F_SETFD, FD_CLOEXEC), 0);
  EXPECT_EQUAL(fcntl(file, F_GETFD), FD_CLOEXEC);
  close(file);
  char *name = text("calls"), kept[16];
  prctl(PR_GET_NAME, kept);
  GIVES(prctl, (PR_SET_NAME, name, 0, 0, 0), 0, OPEN(name, 1));
  prctl(PR_SET_NAME, kept);
  GIVES(syscall, (SYS_write, ends[1], name, 5l, 0, 0, 0), 5, READ(name, 5));
  char *came = fake_object(16);
  GIVES(syscall, (SYS_read, ends[0], came, 16l, 0, 0, 0), 8, FILL(came, 16, 8));
  EXPECT(memcmp(came, "abccalls", 8) == 0);
  GIVES(syscall, (SYS_getrandom, came, 8l, 0l, 0, 0, 0), 8, FILL(came, 8, 8));
  struct timespec *time = NEW(struct timespec);
  GIVES(syscall, (SYS_clock_gettime, CLOCK_MONOTONIC, time, 0, 0, 0, 0), 0, OPEN(time, 1));
  struct iovec *vector = NEW(struct iovec);
  *vector = (struct iovec){name, 5};
  GIVES(syscall, (SYS_writev, ends[1], vector, 1l, 0, 0, 0), 5, OPEN(vector, 1), OPEN_ALL);
  GIVES(syscall, (SYS_getpid, 0, 0, 0, 0, 0, 0), getpid());
  GIVES(syscall, (SYS_close, -1, 0, 0, 0, 0, 0), -1);
  EXPECT_EQUAL(errno, EBADF);
  close(ends[0]);
  close(ends[1]);
}
