/*
 * calls_process.c: calls that start programs, and those whose arguments depend on what is asked for: ioctl, fcntl,
 * prctl, syscall. The notation is explained in calls.h.
 */
#include "api/calls.h"
#include "space/kernel.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* clang-format off */

/* ---- exec: the kernel reads lists of strings. ---- */

CALL(int, execve, (const char *path, char *const *arguments, char *const *environment), (path, arguments, environment),
     ALWAYS, access_release_all(), NOTHING)
CALL(int, execveat, (int folder, const char *path, char *const *arguments, char *const *environment, int flags),
     (folder, path, arguments, environment, flags), ALWAYS, access_release_all(), NOTHING)
CALL(int, fexecve, (int fd, char *const *arguments, char *const *environment), (fd, arguments, environment), ALWAYS,
     access_release_all(), NOTHING)
CALL(int, execv, (const char *path, char *const *arguments), (path, arguments), ALWAYS, access_release_all(), NOTHING)
CALL(int, execvp, (const char *file, char *const *arguments), (file, arguments), ALWAYS, access_release_all(), NOTHING)
CALL(int, execvpe, (const char *file, char *const *arguments, char *const *environment), (file, arguments, environment),
     ALWAYS, access_release_all(), NOTHING)
#define SPAWN_CALL(name)                                                                                             \
  CALL(int, name, (pid_t *process, const char *path, const posix_spawn_file_actions_t *actions,                      \
                   const posix_spawnattr_t *attributes, char *const *arguments, char *const *environment),           \
       (process, path, actions, attributes, arguments, environment), ALWAYS, access_release_all(),                   \
       if (result == 0 && process != NULL) WRITES(process, sizeof *process))
SPAWN_CALL(posix_spawn)
SPAWN_CALL(posix_spawnp)
/* clang-format on */

/* Makes an array of a call's arguments, from `first` up to the null pointer that ends them; `rest` is then behind
 * it. The array is the caller's stack's, as it is in libc. */
static size_t count_arguments(va_list given) {
  va_list rest;
  va_copy(rest, given);
  size_t count = 1;
  while (va_arg(rest, char *) != NULL)
    count++;
  va_end(rest);
  return count;
}

static void list_arguments(char **list, const char *first, size_t count, va_list *rest) {
  list[0] = (char *)(uintptr_t)first;
  for (size_t i = 1; i <= count; i++)
    list[i] = va_arg(*rest, char *);
}

#define EXEC_LIST_CALL(name, exec)                                                                                   \
  CALL_BY_HAND(int, name, (const char *path, const char *first, ...)) {                                              \
    va_list rest;                                                                                                    \
    va_start(rest, first);                                                                                           \
    size_t count = first != NULL ? count_arguments(rest) : 0;                                                        \
    char **list = __builtin_alloca((count + 1) * sizeof *list);                                                      \
    list_arguments(list, first, count, &rest);                                                                       \
    va_end(rest);                                                                                                    \
    access_release_all();                                                                                            \
    return REAL(exec)(path, list);                                                                                   \
  }
EXEC_LIST_CALL(execl, execv)
EXEC_LIST_CALL(execlp, execvp)

CALL_BY_HAND(int, execle, (const char *path, const char *first, ...)) {
  va_list rest;
  va_start(rest, first);
  size_t count = first != NULL ? count_arguments(rest) : 0;
  char **list = __builtin_alloca((count + 1) * sizeof *list);
  list_arguments(list, first, count, &rest);
  char **environment = va_arg(rest, char **);
  va_end(rest);
  access_release_all();
  return REAL(execve)(path, list, environment);
}

/* ---- Calls of many faces ---- */

struct request {
  unsigned long number;
  uint8_t reads, fills; /* bytes; of what is not in the table nothing is known */
};

static const struct request requests[] = {
    {FIONREAD, 0, sizeof(int)},
    {TIOCOUTQ, 0, sizeof(int)},
    {FIONBIO, sizeof(int), 0},
    {FIOASYNC, sizeof(int), 0},
    {TIOCGWINSZ, 0, sizeof(struct winsize)},
    {TIOCSWINSZ, sizeof(struct winsize), 0},
    {TIOCGPGRP, 0, sizeof(pid_t)},
    {TIOCSPGRP, sizeof(pid_t), 0},
    {TIOCGSID, 0, sizeof(pid_t)},
};

static const struct request *find_request(unsigned long number) {
  for (size_t i = 0; i < ARRAY_LENGTH(requests); i++)
    if (requests[i].number == number)
      return &requests[i];
  return NULL;
}

CALL_BY_HAND(int, ioctl, (int fd, unsigned long number, ...)) {
  va_list arguments;
  va_start(arguments, number);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  if (!checkable(argument))
    return REAL(ioctl)(fd, number, argument);
  CALL_SITE(ioctl);
  const struct request *request = find_request(number);
  if (request == NULL) {
    RELEASES(argument, 1);
    return REAL(ioctl)(fd, number, argument);
  }
  READS(argument, request->reads);
  OPENS(argument, request->fills);
  int result = REAL(ioctl)(fd, number, argument);
  FILLED(argument, request->fills, result == -1 ? 0 : request->fills);
  return result;
}

static size_t control_bytes(int command) {
  switch (command) {
  case F_GETLK:
  case F_SETLK:
  case F_SETLKW:
  case F_OFD_GETLK:
  case F_OFD_SETLK:
  case F_OFD_SETLKW:
    return sizeof(struct flock);
  case F_GETOWN_EX:
  case F_SETOWN_EX:
    return sizeof(struct f_owner_ex);
  case F_GET_RW_HINT:
  case F_SET_RW_HINT:
  case F_GET_FILE_RW_HINT:
  case F_SET_FILE_RW_HINT:
    return sizeof(uint64_t);
  default:
    return 0;
  }
}

#define CONTROL_CALL(name)                                                                                           \
  CALL_BY_HAND(int, name, (int fd, int command, ...)) {                                                              \
    va_list arguments;                                                                                               \
    va_start(arguments, command);                                                                                    \
    void *argument = va_arg(arguments, void *);                                                                      \
    va_end(arguments);                                                                                               \
    CALL_SITE(name);                                                                                                 \
    UPDATES(argument, control_bytes(command));                                                                       \
    return REAL(name)(fd, command, argument);                                                                        \
  }
CONTROL_CALL(fcntl)
CONTROL_CALL(fcntl64)

enum { SYSTEM_CALL_ARGUMENTS = 6 };

/* Whatever could be a pointer may be used by the kernel; `but` is looked at in another way, if it is the number of one. */
static void release_arguments(const long *arguments, size_t count, size_t but) {
  for (size_t i = 0; i < count; i++)
    if (i != but && checkable((const void *)arguments[i]))
      access_release((const void *)arguments[i], 1);
}

/* Takes the arguments as they come, like libc's function: those that are not there are whatever is in the
 * registers. */
#define TAKE_ARGUMENTS(list, count, last)                                                                            \
  long list[SYSTEM_CALL_ARGUMENTS] = {0};                                                                            \
  va_list given;                                                                                                     \
  va_start(given, last);                                                                                             \
  for (size_t i = 0; i < (count); i++)                                                                               \
    list[i] = va_arg(given, long);                                                                                   \
  va_end(given)

CALL_BY_HAND(int, prctl, (int option, ...)) {
  TAKE_ARGUMENTS(list, 4, option);
  release_arguments(list, 4, SIZE_MAX);
  return REAL(prctl)(option, list[0], list[1], list[2], list[3]);
}

/* Calls that have a function of their own are checked as that is. */
CALL_BY_HAND(long, syscall, (long number, ...)) {
  TAKE_ARGUMENTS(list, SYSTEM_CALL_ARGUMENTS, number);
  CALL_SITE(syscall);
  struct kernel_call_buffer buffer = kernel_call_buffer(number);
  release_arguments(list, SYSTEM_CALL_ARGUMENTS, buffer.is_known ? buffer.pointer : SIZE_MAX);
  if (kernel_call_follows_pointers(number))
    access_release_all();
  void *memory = (void *)list[buffer.pointer];
  size_t bytes = (size_t)list[buffer.bytes];
  bool is_checked = buffer.is_known && checkable(memory);
  if (is_checked && buffer.is_filled)
    OPENS(memory, bytes);
  else if (is_checked)
    READS(memory, bytes);
  long result = REAL(syscall)(number, list[0], list[1], list[2], list[3], list[4], list[5]);
  if (is_checked && buffer.is_filled)
    FILLED(memory, bytes, positive(result));
  access_done();
  return result;
}
