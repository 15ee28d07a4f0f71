/*
 * calls_path.c: calls that give the kernel a path, and what they are answered. The notation is explained in calls.h.
 *
 * The kernel reads a path itself: on a page that is being watched it would find nothing, and the call would fail.
 */
#include "api/calls.h"
#include "api/calls_own.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>
#include <utime.h>
#include <dirent.h>

/* clang-format off */

/* ---- Paths alone ---- */

#define PATH_CALL(type, name) CALL(type, name, (const char *path), (path), AT(path), STRING(path), NOTHING)
#define PATH_AND_CALL(type, name, more) CALL(type, name, (const char *path, more value), (path, value), AT(path), STRING(path), NOTHING)
#define AT_PATH_AND_CALL(type, name, more)                                                                           \
  CALL(type, name, (int folder, const char *path, more value), (folder, path, value), AT(path), STRING(path), NOTHING)
#define TWO_PATHS STRING(path); STRING(other)

PATH_CALL(int, chdir)
PATH_CALL(int, chroot)
PATH_CALL(int, rmdir)
PATH_CALL(int, unlink)
PATH_CALL(int, remove)
PATH_CALL(int, umount)
PATH_CALL(int, acct)
PATH_CALL(DIR *, opendir)
PATH_AND_CALL(int, access, int)
PATH_AND_CALL(int, euidaccess, int)
PATH_AND_CALL(int, eaccess, int)
PATH_AND_CALL(int, chmod, mode_t)
PATH_AND_CALL(int, creat, mode_t)
PATH_AND_CALL(int, creat64, mode_t)
PATH_AND_CALL(int, mkdir, mode_t)
PATH_AND_CALL(int, mkfifo, mode_t)
PATH_AND_CALL(int, truncate, off_t)
PATH_AND_CALL(int, truncate64, off_t)
PATH_AND_CALL(int, umount2, int)
PATH_AND_CALL(int, swapon, int)
PATH_AND_CALL(long, pathconf, int)
AT_PATH_AND_CALL(int, unlinkat, int)
AT_PATH_AND_CALL(int, mkdirat, mode_t)
AT_PATH_AND_CALL(int, mkfifoat, mode_t)
CALL(int, mknod, (const char *path, mode_t mode, dev_t device), (path, mode, device), AT(path), STRING(path), NOTHING)
CALL(int, mknodat, (int folder, const char *path, mode_t mode, dev_t device), (folder, path, mode, device), AT(path),
     STRING(path), NOTHING)
CALL(int, chown, (const char *path, uid_t user, gid_t group), (path, user, group), AT(path), STRING(path), NOTHING)
CALL(int, lchown, (const char *path, uid_t user, gid_t group), (path, user, group), AT(path), STRING(path), NOTHING)
CALL(int, fchownat, (int folder, const char *path, uid_t user, gid_t group, int flags), (folder, path, user, group, flags),
     AT(path), STRING(path), NOTHING)
CALL(int, fchmodat, (int folder, const char *path, mode_t mode, int flags), (folder, path, mode, flags), AT(path),
     STRING(path), NOTHING)
CALL(int, faccessat, (int folder, const char *path, int mode, int flags), (folder, path, mode, flags), AT(path),
     STRING(path), NOTHING)
CALL(int, link, (const char *path, const char *other), (path, other), AT(path) || AT(other), TWO_PATHS, NOTHING)
CALL(int, symlink, (const char *path, const char *other), (path, other), AT(path) || AT(other), TWO_PATHS, NOTHING)
CALL(int, rename, (const char *path, const char *other), (path, other), AT(path) || AT(other), TWO_PATHS, NOTHING)
CALL(int, pivot_root, (const char *path, const char *other), (path, other), AT(path) || AT(other), TWO_PATHS, NOTHING)
CALL(int, linkat, (int folder, const char *path, int other_folder, const char *other, int flags),
     (folder, path, other_folder, other, flags), AT(path) || AT(other), TWO_PATHS, NOTHING)
CALL(int, symlinkat, (const char *path, int folder, const char *other), (path, folder, other), AT(path) || AT(other),
     TWO_PATHS, NOTHING)
CALL(int, renameat, (int folder, const char *path, int other_folder, const char *other), (folder, path, other_folder, other),
     AT(path) || AT(other), TWO_PATHS, NOTHING)
CALL(int, renameat2, (int folder, const char *path, int other_folder, const char *other, unsigned flags),
     (folder, path, other_folder, other, flags), AT(path) || AT(other), TWO_PATHS, NOTHING)
CALL(int, mount, (const char *path, const char *other, const char *type, unsigned long flags, const void *options),
     (path, other, type, flags, options), AT(path) || AT(other) || AT(type) || AT(options),
     TWO_PATHS; STRING(type); RELEASES(options, 1), NOTHING)
CALL(int, inotify_add_watch, (int fd, const char *path, uint32_t mask), (fd, path, mask), AT(path), STRING(path), NOTHING)

/* ---- open: the mode is there only when a file may be made. ---- */

/* clang-format on */
static bool makes_file(int flags) {
  return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

static mode_t mode_of(int flags, va_list arguments) {
  return makes_file(flags) ? va_arg(arguments, mode_t) : 0;
}

#define OPEN_CALL(name)                                                                                              \
  CALL_BY_HAND(int, name, (const char *path, int flags, ...)) {                                                      \
    va_list arguments;                                                                                               \
    va_start(arguments, flags);                                                                                      \
    mode_t mode = mode_of(flags, arguments);                                                                         \
    va_end(arguments);                                                                                               \
    CALL_SITE(name);                                                                                                 \
    STRING(path);                                                                                                    \
    return REAL(name)(path, flags, mode);                                                                            \
  }
#define OPEN_AT_CALL(name)                                                                                           \
  CALL_BY_HAND(int, name, (int folder, const char *path, int flags, ...)) {                                          \
    va_list arguments;                                                                                               \
    va_start(arguments, flags);                                                                                      \
    mode_t mode = mode_of(flags, arguments);                                                                         \
    va_end(arguments);                                                                                               \
    CALL_SITE(name);                                                                                                 \
    STRING(path);                                                                                                    \
    return REAL(name)(folder, path, flags, mode);                                                                    \
  }
OPEN_CALL(open)
OPEN_CALL(open64)
OPEN_AT_CALL(openat)
OPEN_AT_CALL(openat64)
/* clang-format off */
PATH_AND_CALL(int, __open_2, int)
PATH_AND_CALL(int, __open64_2, int)
AT_PATH_AND_CALL(int, __openat_2, int)
AT_PATH_AND_CALL(int, __openat64_2, int)

/* The end of the template is replaced. */
CALL(int, mkstemp, (char *path), (path), AT(path), STRING(path), NOTHING)
CALL(int, mkstemp64, (char *path), (path), AT(path), STRING(path), NOTHING)
CALL(int, mkostemp, (char *path, int flags), (path, flags), AT(path), STRING(path), NOTHING)
CALL(int, mkostemp64, (char *path, int flags), (path, flags), AT(path), STRING(path), NOTHING)
CALL(int, mkstemps, (char *path, int suffix), (path, suffix), AT(path), STRING(path), NOTHING)
CALL(char *, mkdtemp, (char *path), (path), AT(path), STRING(path), NOTHING)

/* ---- Times ---- */

CALL(int, utime, (const char *path, const struct utimbuf *times), (path, times), AT(path) || AT(times),
     STRING(path); READS(times, sizeof *times), NOTHING)
CALL(int, utimes, (const char *path, const struct timeval *times), (path, times), AT(path) || AT(times),
     STRING(path); READS(times, 2 * sizeof *times), NOTHING)
CALL(int, lutimes, (const char *path, const struct timeval *times), (path, times), AT(path) || AT(times),
     STRING(path); READS(times, 2 * sizeof *times), NOTHING)
CALL(int, futimes, (int fd, const struct timeval *times), (fd, times), AT(times), READS(times, 2 * sizeof *times), NOTHING)
CALL(int, futimens, (int fd, const struct timespec *times), (fd, times), AT(times), CARRIES(times, 2 * sizeof *times), NOTHING)
CALL(int, utimensat, (int folder, const char *path, const struct timespec *times, int flags), (folder, path, times, flags),
     AT(path) || AT(times), STRING(path); CARRIES(times, 2 * sizeof *times), NOTHING)

/* ---- What the file is ---- */

#define STAT_CALL(name, answer_type)                                                                                 \
  CALL(int, name, (const char *path, struct answer_type *answer), (path, answer), AT(path) || AT(answer),            \
       STRING(path); OPENS_ONE(answer), FILLED_ONE(answer))
#define STAT_OPEN_CALL(name, answer_type)                                                                            \
  CALL(int, name, (int fd, struct answer_type *answer), (fd, answer), AT(answer), OPENS_ONE(answer), FILLED_ONE(answer))
STAT_CALL(stat, stat)
STAT_CALL(lstat, stat)
STAT_OPEN_CALL(fstat, stat)
STAT_CALL(stat64, stat64)
STAT_CALL(lstat64, stat64)
STAT_OPEN_CALL(fstat64, stat64)
STAT_CALL(statfs, statfs)
STAT_CALL(statfs64, statfs64)
STAT_OPEN_CALL(fstatfs, statfs)
STAT_OPEN_CALL(fstatfs64, statfs64)
STAT_CALL(statvfs, statvfs)
STAT_CALL(statvfs64, statvfs64)
STAT_OPEN_CALL(fstatvfs, statvfs)
STAT_OPEN_CALL(fstatvfs64, statvfs64)
CALL(int, fstatat, (int folder, const char *path, struct stat *answer, int flags), (folder, path, answer, flags),
     AT(path) || AT(answer), STRING(path); OPENS_ONE(answer), FILLED_ONE(answer))
CALL(int, fstatat64, (int folder, const char *path, struct stat64 *answer, int flags), (folder, path, answer, flags),
     AT(path) || AT(answer), STRING(path); OPENS_ONE(answer), FILLED_ONE(answer))
CALL(int, statx, (int folder, const char *path, int flags, unsigned mask, struct statx *answer),
     (folder, path, flags, mask, answer), AT(path) || AT(answer), STRING(path); OPENS_ONE(answer), FILLED_ONE(answer))
/* What programs built before glibc 2.33 call. */
#define OLD_STAT_CALL(name, answer_type)                                                                             \
  CALL(int, name, (int version, const char *path, struct answer_type *answer), (version, path, answer),              \
       AT(path) || AT(answer), STRING(path); OPENS_ONE(answer), FILLED_ONE(answer))
#define OLD_STAT_OPEN_CALL(name, answer_type)                                                                        \
  CALL(int, name, (int version, int fd, struct answer_type *answer), (version, fd, answer), AT(answer),              \
       OPENS_ONE(answer), FILLED_ONE(answer))
OLD_STAT_CALL(__xstat, stat)
OLD_STAT_CALL(__lxstat, stat)
OLD_STAT_OPEN_CALL(__fxstat, stat)
OLD_STAT_CALL(__xstat64, stat64)
OLD_STAT_CALL(__lxstat64, stat64)
OLD_STAT_OPEN_CALL(__fxstat64, stat64)
CALL(int, __fxstatat, (int version, int folder, const char *path, struct stat *answer, int flags),
     (version, folder, path, answer, flags), AT(path) || AT(answer), STRING(path); OPENS_ONE(answer), FILLED_ONE(answer))
CALL(int, __fxstatat64, (int version, int folder, const char *path, struct stat64 *answer, int flags),
     (version, folder, path, answer, flags), AT(path) || AT(answer), STRING(path); OPENS_ONE(answer), FILLED_ONE(answer))

/* ---- Paths as answers ---- */

#define LINK_WANTED STRING(path); OPENS(to, bytes)
#define LINK_CAME   FILLED(to, bytes, positive(result))
CALL(ssize_t, readlink, (const char *path, char *to, size_t bytes), (path, to, bytes), AT(path) || AT(to), LINK_WANTED, LINK_CAME)
CALL(ssize_t, __readlink_chk, (const char *path, char *to, size_t bytes, size_t room), (path, to, bytes, room),
     AT(path) || AT(to), LINK_WANTED, LINK_CAME)
CALL(ssize_t, readlinkat, (int folder, const char *path, char *to, size_t bytes), (folder, path, to, bytes),
     AT(path) || AT(to), LINK_WANTED, LINK_CAME)
CALL(ssize_t, __readlinkat_chk, (int folder, const char *path, char *to, size_t bytes, size_t room),
     (folder, path, to, bytes, room), AT(path) || AT(to), LINK_WANTED, LINK_CAME)

/* Without a buffer of the caller's the answer is in fresh memory. */
#define STRING_CAME(bytes) effect_filled(&site, to, (bytes), result == NULL ? 0 : own_strnlen(result, (bytes) - 1) + 1, result == NULL)
CALL(char *, getcwd, (char *to, size_t bytes), (to, bytes), AT(to), OPENS(to, bytes), if (bytes > 0) STRING_CAME(bytes))
CALL(char *, __getcwd_chk, (char *to, size_t bytes, size_t room), (to, bytes, room), AT(to), OPENS(to, bytes),
     if (bytes > 0) STRING_CAME(bytes))
CALL(char *, realpath, (const char *path, char *to), (path, to), AT(path) || AT(to), STRING(path); OPENS(to, PATH_MAX),
     STRING_CAME(PATH_MAX))
CALL(char *, __realpath_chk, (const char *path, char *to, size_t room), (path, to, room), AT(path) || AT(to),
     STRING(path); OPENS(to, PATH_MAX), STRING_CAME(PATH_MAX))

/* ---- Extended attributes: the answer's length is the result. ---- */

#define NAMED STRING(path); STRING(name)
#define ANSWER_WANTED OPENS(to, bytes)
#define ANSWER_CAME FILLED(to, bytes, bytes > 0 ? positive(result) : 0)
#define ATTRIBUTE_GET_CALL(call_name)                                                                                \
  CALL(ssize_t, call_name, (const char *path, const char *name, void *to, size_t bytes), (path, name, to, bytes),    \
       AT(path) || AT(name) || AT(to), NAMED; ANSWER_WANTED, ANSWER_CAME)
#define ATTRIBUTE_SET_CALL(call_name)                                                                                \
  CALL(int, call_name, (const char *path, const char *name, const void *from, size_t bytes, int flags),              \
       (path, name, from, bytes, flags), AT(path) || AT(name) || AT(from), NAMED; CARRIES(from, bytes), NOTHING)
#define ATTRIBUTE_LIST_CALL(call_name)                                                                               \
  CALL(ssize_t, call_name, (const char *path, char *to, size_t bytes), (path, to, bytes), AT(path) || AT(to),        \
       STRING(path); ANSWER_WANTED, ANSWER_CAME)
#define ATTRIBUTE_REMOVE_CALL(call_name)                                                                             \
  CALL(int, call_name, (const char *path, const char *name), (path, name), AT(path) || AT(name), NAMED, NOTHING)
ATTRIBUTE_GET_CALL(getxattr)
ATTRIBUTE_GET_CALL(lgetxattr)
ATTRIBUTE_SET_CALL(setxattr)
ATTRIBUTE_SET_CALL(lsetxattr)
ATTRIBUTE_LIST_CALL(listxattr)
ATTRIBUTE_LIST_CALL(llistxattr)
ATTRIBUTE_REMOVE_CALL(removexattr)
ATTRIBUTE_REMOVE_CALL(lremovexattr)
CALL(ssize_t, fgetxattr, (int fd, const char *name, void *to, size_t bytes), (fd, name, to, bytes), AT(name) || AT(to),
     STRING(name); ANSWER_WANTED, ANSWER_CAME)
CALL(int, fsetxattr, (int fd, const char *name, const void *from, size_t bytes, int flags), (fd, name, from, bytes, flags),
     AT(name) || AT(from), STRING(name); CARRIES(from, bytes), NOTHING)
CALL(ssize_t, flistxattr, (int fd, char *to, size_t bytes), (fd, to, bytes), AT(to), ANSWER_WANTED, ANSWER_CAME)
CALL(int, fremovexattr, (int fd, const char *name), (fd, name), AT(name), STRING(name), NOTHING)
