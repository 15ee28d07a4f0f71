/*
 * calls_system.c: small structs that the kernel reads or fills: clocks, limits, names of the system, states of children.
 * The notation is explained in calls.h.
 */
#include "api/calls.h"
#include "api/calls_own.h"

#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* clang-format off */

/* ---- Clocks ---- */

#define ANSWERED_CALL(type, name, parameters, arguments)                                                             \
  CALL(type, name, parameters, arguments, AT(answer), OPENS_ONE(answer), FILLED_ONE(answer))

ANSWERED_CALL(int, clock_gettime, (clockid_t clock_id, struct timespec *answer), (clock_id, answer))
ANSWERED_CALL(int, clock_getres, (clockid_t clock_id, struct timespec *answer), (clock_id, answer))
CALL(int, clock_settime, (clockid_t clock_id, const struct timespec *value), (clock_id, value), AT(value),
     READS(value, sizeof *value), NOTHING)
ANSWERED_CALL(int, timespec_get, (struct timespec *answer, int base), (answer, base))
ANSWERED_CALL(time_t, time, (time_t *answer), (answer))
CALL(int, gettimeofday, (struct timeval *answer, void *zone), (answer, zone), AT(answer) || AT(zone),
     OPENS_ONE(answer); RELEASES(zone, sizeof(struct timezone)), FILLED_ONE(answer))
CALL(int, settimeofday, (const struct timeval *value, const struct timezone *zone), (value, zone), AT(value) || AT(zone),
     READS(value, sizeof *value); READS(zone, sizeof *zone), NOTHING)
ANSWERED_CALL(clock_t, times, (struct tms *answer), (answer))
/* How much is left is written when a signal came; clock_nanosleep gives the error itself. */
CALL(int, nanosleep, (const struct timespec *value, struct timespec *left), (value, left), AT(value) || AT(left),
     READS(value, sizeof *value); OPENS_ONE(left), if (result == -1 && errno == EINTR) WRITES(left, left != NULL ? sizeof *left : 0))
CALL(int, clock_nanosleep, (clockid_t clock_id, int flags, const struct timespec *value, struct timespec *left),
     (clock_id, flags, value, left), AT(value) || AT(left), READS(value, sizeof *value); OPENS_ONE(left),
     if (result == EINTR && flags == 0) WRITES(left, left != NULL ? sizeof *left : 0))
ANSWERED_CALL(int, getitimer, (int which, struct itimerval *answer), (which, answer))
CALL(int, setitimer, (int which, const struct itimerval *value, struct itimerval *answer), (which, value, answer),
     AT(value) || AT(answer), READS(value, sizeof *value); OPENS_ONE(answer), FILLED_ONE(answer))
ANSWERED_CALL(int, timerfd_gettime, (int fd, struct itimerspec *answer), (fd, answer))
CALL(int, timerfd_settime, (int fd, int flags, const struct itimerspec *value, struct itimerspec *answer),
     (fd, flags, value, answer), AT(value) || AT(answer), READS(value, sizeof *value); OPENS_ONE(answer), FILLED_ONE(answer))

/* ---- Limits and use ---- */

ANSWERED_CALL(int, getrlimit, (int resource, struct rlimit *answer), (resource, answer))
ANSWERED_CALL(int, getrlimit64, (int resource, struct rlimit64 *answer), (resource, answer))
CALL(int, setrlimit, (int resource, const struct rlimit *value), (resource, value), AT(value), READS(value, sizeof *value), NOTHING)
CALL(int, setrlimit64, (int resource, const struct rlimit64 *value), (resource, value), AT(value), READS(value, sizeof *value), NOTHING)
CALL(int, prlimit, (pid_t process, int resource, const struct rlimit *value, struct rlimit *answer),
     (process, resource, value, answer), AT(value) || AT(answer), READS(value, sizeof *value); OPENS_ONE(answer), FILLED_ONE(answer))
CALL(int, prlimit64, (pid_t process, int resource, const struct rlimit64 *value, struct rlimit64 *answer),
     (process, resource, value, answer), AT(value) || AT(answer), READS(value, sizeof *value); OPENS_ONE(answer), FILLED_ONE(answer))
ANSWERED_CALL(int, getrusage, (int who, struct rusage *answer), (who, answer))
ANSWERED_CALL(int, sysinfo, (struct sysinfo *answer), (answer))
CALL(int, getloadavg, (double *answer, int count), (answer, count), AT(answer), OPENS(answer, positive(count) * sizeof *answer),
     FILLED(answer, positive(count) * sizeof *answer, positive(result) * sizeof *answer))
CALL(int, sched_setaffinity, (pid_t process, size_t bytes, const cpu_set_t *value), (process, bytes, value), AT(value),
     CARRIES(value, bytes), NOTHING)
CALL(int, sched_getaffinity, (pid_t process, size_t bytes, cpu_set_t *answer), (process, bytes, answer), AT(answer),
     OPENS(answer, bytes), FILLED(answer, bytes, result == 0 ? bytes : 0))
CALL(int, sched_getparam, (pid_t process, struct sched_param *answer), (process, answer), AT(answer), OPENS_ONE(answer), FILLED_ONE(answer))
CALL(int, sched_setparam, (pid_t process, const struct sched_param *value), (process, value), AT(value), READS(value, sizeof *value), NOTHING)
CALL(int, sched_setscheduler, (pid_t process, int policy, const struct sched_param *value), (process, policy, value), AT(value),
     READS(value, sizeof *value), NOTHING)
CALL(int, getgroups, (int count, gid_t *answer), (count, answer), AT(answer), OPENS(answer, positive(count) * sizeof *answer),
     if (count > 0) FILLED(answer, positive(count) * sizeof *answer, positive(result) * sizeof *answer))
CALL(int, setgroups, (size_t count, const gid_t *value), (count, value), AT(value), READS(value, product(count, sizeof *value)), NOTHING)

/* ---- Names ---- */

ANSWERED_CALL(int, uname, (struct utsname *answer), (answer))
#define NAME_WANTED OPENS(to, bytes)
#define NAME_CAME   if (bytes > 0) FILLED(to, bytes, result == 0 ? own_strnlen(to, bytes - 1) + 1 : 0)
CALL(int, gethostname, (char *to, size_t bytes), (to, bytes), AT(to), NAME_WANTED, NAME_CAME)
CALL(int, __gethostname_chk, (char *to, size_t bytes, size_t room), (to, bytes, room), AT(to), NAME_WANTED, NAME_CAME)
CALL(int, getdomainname, (char *to, size_t bytes), (to, bytes), AT(to), NAME_WANTED, NAME_CAME)
CALL(int, sethostname, (const char *from, size_t bytes), (from, bytes), AT(from), CARRIES(from, bytes), NOTHING)
/* These two give an error number. */
CALL(int, ttyname_r, (int fd, char *to, size_t bytes), (fd, to, bytes), AT(to), NAME_WANTED, NAME_CAME)
CALL(int, getlogin_r, (char *to, size_t bytes), (to, bytes), AT(to), NAME_WANTED, NAME_CAME)

/* ---- Children ---- */

/* Nothing is written while there is no child to tell of. */
#define STATE_WANTED OPENS_ONE(state)
#define STATE_CAME   FILLED(state, sizeof *state, result > 0 ? sizeof *state : 0)
CALL(pid_t, wait, (int *state), (state), AT(state), STATE_WANTED, STATE_CAME)
CALL(pid_t, waitpid, (pid_t process, int *state, int options), (process, state, options), AT(state), STATE_WANTED, STATE_CAME)
CALL(pid_t, wait3, (int *state, int options, struct rusage *use), (state, options, use), AT(state) || AT(use),
     STATE_WANTED; OPENS_ONE(use), STATE_CAME; FILLED(use, sizeof *use, result > 0 ? sizeof *use : 0))
CALL(pid_t, wait4, (pid_t process, int *state, int options, struct rusage *use), (process, state, options, use),
     AT(state) || AT(use), STATE_WANTED; OPENS_ONE(use), STATE_CAME; FILLED(use, sizeof *use, result > 0 ? sizeof *use : 0))
CALL(int, waitid, (idtype_t kind, id_t id, siginfo_t *answer, int options), (kind, id, answer, options), AT(answer),
     OPENS_ONE(answer), FILLED_ONE(answer))
