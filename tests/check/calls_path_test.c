/* calls_path_test.c: the wrappers of paths. */
#include "calls_test.h"

#include <dirent.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <utime.h>

void test_paths(void) {
  char *path = text("/nonexistent/a"), *other = text("/nonexistent/b");
  struct timeval *times = fake_object(2 * sizeof *times);
  struct timespec *precise_times = fake_object(2 * sizeof *precise_times);
  struct utimbuf *old_times = NEW(struct utimbuf);
  /* All of these fail alike, and must be asked about alike. */
#define FAILS(name, arguments, ...)                                                                                  \
  do {                                                                                                               \
    GIVES(name, arguments, (__typeof__(name arguments))-1, STRING(path, 14), ##__VA_ARGS__);                         \
    EXPECT_EQUAL(errno, ENOENT);                                                                                     \
  } while (0)
  FAILS(chdir, (path));
  FAILS(rmdir, (path));
  FAILS(unlink, (path));
  FAILS(remove, (path));
  FAILS(access, (path, 0));
  FAILS(euidaccess, (path, 0));
  FAILS(eaccess, (path, 0));
  FAILS(chmod, (path, 0));
  FAILS(creat, (path, 0));
  FAILS(creat64, (path, 0));
  FAILS(mkdir, (path, 0));
  FAILS(mkfifo, (path, 0));
  FAILS(truncate, (path, 0));
  FAILS(truncate64, (path, 0));
  FAILS(pathconf, (path, _PC_LINK_MAX));
  FAILS(unlinkat, (AT_FDCWD, path, 0));
  FAILS(mkdirat, (AT_FDCWD, path, 0));
  FAILS(mkfifoat, (AT_FDCWD, path, 0));
  FAILS(mknod, (path, S_IFIFO, 0));
  FAILS(mknodat, (AT_FDCWD, path, S_IFIFO, 0));
  FAILS(chown, (path, 0, 0));
  FAILS(lchown, (path, 0, 0));
  FAILS(fchownat, (AT_FDCWD, path, 0, 0, 0));
  FAILS(fchmodat, (AT_FDCWD, path, 0, 0));
  FAILS(faccessat, (AT_FDCWD, path, 0, 0));
  FAILS(link, (path, other), STRING(other, 14));
  FAILS(symlink, (path, other), STRING(other, 14));
  FAILS(rename, (path, other), STRING(other, 14));
  FAILS(linkat, (AT_FDCWD, path, AT_FDCWD, other, 0), STRING(other, 14));
  FAILS(symlinkat, (path, AT_FDCWD, other), STRING(other, 14));
  FAILS(renameat, (AT_FDCWD, path, AT_FDCWD, other), STRING(other, 14));
  FAILS(renameat2, (AT_FDCWD, path, AT_FDCWD, other, 0), STRING(other, 14));
  FAILS(open, (path, O_RDONLY));
  FAILS(open64, (path, O_RDONLY));
  FAILS(openat, (AT_FDCWD, path, O_RDONLY));
  FAILS(openat64, (AT_FDCWD, path, O_RDONLY));
  FAILS(__open_2, (path, O_RDONLY));
  FAILS(__open64_2, (path, O_RDONLY));
  FAILS(__openat_2, (AT_FDCWD, path, O_RDONLY));
  FAILS(__openat64_2, (AT_FDCWD, path, O_RDONLY));
  FAILS(utime, (path, old_times), READ(old_times, sizeof *old_times));
  FAILS(utimes, (path, times), READ(times, 2 * sizeof *times));
  FAILS(lutimes, (path, times), READ(times, 2 * sizeof *times));
  FAILS(utimensat, (AT_FDCWD, path, precise_times, 0), CARRY(precise_times, 2 * sizeof *precise_times));
  GIVES(opendir, (path), NULL, STRING(path, 14));
  GIVES(inotify_add_watch, (-1, path, 1), -1, STRING(path, 14));
  GIVES(futimes, (-1, times), -1, READ(times, 2 * sizeof *times));
  GIVES(futimens, (-1, precise_times), -1, CARRY(precise_times, 2 * sizeof *precise_times));

  /* A mode is handed on where it counts. */
  char *made = text("/tmp/freehold-calls-XXXXXX");
  {
    extern __typeof__(mkstemp) call_mkstemp;
    extern __typeof__(open) call_open;
    note_called("mkstemp");
    fake_forget();
    int fd = call_mkstemp(made);
    EXPECT_EFFECTS(mkstemp, STRING(made, 26));
    close(fd);
    unlink(made);
    fd = call_open(made, O_CREAT | O_EXCL | O_WRONLY, 0640);
    struct stat status;
    EXPECT(fstat(fd, &status) == 0 && (status.st_mode & 0600) == 0600 && (status.st_mode & 07) == 0);
    close(fd);
    unlink(made);
  }
  char *template = text("/nonexistent/XXXXXX");
#define TEMPLATE_FAILS(name, arguments, value) GIVES(name, arguments, value, STRING(template, 19))
  TEMPLATE_FAILS(mkstemp64, (template), -1);
  TEMPLATE_FAILS(mkostemp, (template, 0), -1);
  TEMPLATE_FAILS(mkostemp64, (template, 0), -1);
  TEMPLATE_FAILS(mkstemps, (template, 0), -1);
  TEMPLATE_FAILS(mkdtemp, (template), NULL);

  /* What there is to know. */
  char *null = text("/dev/null");
  int fd = open("/dev/null", O_RDONLY);
  void *answer = fake_object(4096);
#define ANSWERS(name, arguments, type)                                                                               \
  GIVES(name, arguments, 0, STRING(null, 9), FILL(answer, sizeof(type), sizeof(type)))
#define ANSWERS_OPEN(name, arguments, type) GIVES(name, arguments, 0, FILL(answer, sizeof(type), sizeof(type)))
  ANSWERS(stat, (null, answer), struct stat);
  EXPECT(S_ISCHR(((struct stat *)answer)->st_mode));
  ANSWERS(lstat, (null, answer), struct stat);
  ANSWERS_OPEN(fstat, (fd, answer), struct stat);
  ANSWERS(stat64, (null, answer), struct stat64);
  ANSWERS(lstat64, (null, answer), struct stat64);
  ANSWERS_OPEN(fstat64, (fd, answer), struct stat64);
  ANSWERS(fstatat, (AT_FDCWD, null, answer, 0), struct stat);
  ANSWERS(fstatat64, (AT_FDCWD, null, answer, 0), struct stat64);
  ANSWERS(statx, (AT_FDCWD, null, 0, STATX_ALL, answer), struct statx);
  ANSWERS(__xstat, (1, null, answer), struct stat);
  ANSWERS(__lxstat, (1, null, answer), struct stat);
  ANSWERS_OPEN(__fxstat, (1, fd, answer), struct stat);
  ANSWERS(__xstat64, (1, null, answer), struct stat64);
  ANSWERS(__lxstat64, (1, null, answer), struct stat64);
  ANSWERS_OPEN(__fxstat64, (1, fd, answer), struct stat64);
  ANSWERS(__fxstatat, (1, AT_FDCWD, null, answer, 0), struct stat);
  ANSWERS(__fxstatat64, (1, AT_FDCWD, null, answer, 0), struct stat64);
  ANSWERS(statfs, (null, answer), struct statfs);
  ANSWERS(statfs64, (null, answer), struct statfs64);
  ANSWERS_OPEN(fstatfs, (fd, answer), struct statfs);
  ANSWERS_OPEN(fstatfs64, (fd, answer), struct statfs64);
  ANSWERS(statvfs, (null, answer), struct statvfs);
  ANSWERS(statvfs64, (null, answer), struct statvfs64);
  ANSWERS_OPEN(fstatvfs, (fd, answer), struct statvfs);
  ANSWERS_OPEN(fstatvfs64, (fd, answer), struct statvfs64);
  FAILS(stat, (path, answer), OPEN(answer, sizeof(struct stat)));
  REFUSES(1, stat, (null, fake_object(sizeof(struct stat) - 1)));

  char *link = text("/proc/self/fd/0"), *to = fake_object(PATH_MAX);
  char place[PATH_MAX];
  size_t linked = (size_t)readlink("/proc/self/fd/0", place, sizeof place);
#define LINKS(name, arguments) SAME(name, arguments, STRING(link, 15), FILL(to, 100, linked > 100 ? 100 : linked))
  LINKS(readlink, (link, to, 100));
  LINKS(__readlink_chk, (link, to, 100, 100));
  LINKS(readlinkat, (AT_FDCWD, link, to, 100));
  LINKS(__readlinkat_chk, (AT_FDCWD, link, to, 100, 100));
  size_t here = strlen(getcwd(place, sizeof place)) + 1;
  GIVES(getcwd, (to, PATH_MAX), to, FILL(to, PATH_MAX, here));
  GIVES(__getcwd_chk, (to, PATH_MAX, PATH_MAX), to, FILL(to, PATH_MAX, here));
  GIVES(realpath, (null, to), to, STRING(null, 9), FILL(to, PATH_MAX, 10));
  GIVES(__realpath_chk, (null, to, PATH_MAX), to, STRING(null, 9), FILL(to, PATH_MAX, 10));
  REFUSES(1, getcwd, (fake_object(here - 1), PATH_MAX));

  char *name = text("user.x");
#define NAMES STRING(path, 14), STRING(name, 6)
  GIVES(getxattr, (path, name, to, 8), -1, NAMES, OPEN(to, 8));
  GIVES(lgetxattr, (path, name, to, 8), -1, NAMES, OPEN(to, 8));
  GIVES(setxattr, (path, name, to, 8, 0), -1, NAMES, CARRY(to, 8));
  GIVES(lsetxattr, (path, name, to, 8, 0), -1, NAMES, CARRY(to, 8));
  GIVES(listxattr, (path, to, 8), -1, STRING(path, 14), OPEN(to, 8));
  GIVES(llistxattr, (path, to, 8), -1, STRING(path, 14), OPEN(to, 8));
  GIVES(removexattr, (path, name), -1, NAMES);
  GIVES(lremovexattr, (path, name), -1, NAMES);
  GIVES(fgetxattr, (-1, name, to, 8), -1, STRING(name, 6), OPEN(to, 8));
  GIVES(fsetxattr, (-1, name, to, 8, 0), -1, STRING(name, 6), CARRY(to, 8));
  GIVES(flistxattr, (-1, to, 8), -1, OPEN(to, 8));
  GIVES(fremovexattr, (-1, name), -1, STRING(name, 6));
  close(fd);
}
