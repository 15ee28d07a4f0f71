/*
 * calls_test.c: does each wrapper of a libc function ask for exactly the bytes the call touches, and give what the
 * real function gives? A function of the table that no test here calls is a failure too.
 */
#include "access_fake.h"
#include "expect.h"

#include <aio.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <syslog.h>
#include <termios.h>
#include <time.h>
#include <utime.h>
#include <wchar.h>

/* The list of what is wrapped; api/calls.h is not for programs of this kind. */
struct call {
  const char *name;
  void *real;
};
const struct call *calls_at(size_t number);

/* ---- Which names were called ---- */

enum { NAMES_MOST = 1024 };
static const char *called[NAMES_MOST];
static size_t called_count;

static void note_called(const char *name) {
  EXPECT(called_count < NAMES_MOST);
  called[called_count++] = name;
}

static bool was_called(const char *name) {
  for (size_t i = 0; i < called_count; i++)
    if (strcmp(called[i], name) == 0)
      return true;
  return false;
}

/* ---- What was asked ---- */

static void print_effects(const char *head, const struct effect *effects, size_t count) {
  static const char *const kinds[] = {"none",   "read",    "carry",   "write",
                                      "string", "overlap", "release", "release all"};
  for (size_t i = 0; i < count; i++)
    fprintf(stderr, "  %s: %s %p %zu\n", head, kinds[effects[i].kind], effects[i].address, effects[i].bytes);
}

static void expect_effects(int line, const char *name, const struct effect *wanted, size_t count) {
  bool same = fake.count == count;
  for (size_t i = 0; same && i < count; i++)
    same = fake.effects[i].kind == wanted[i].kind && fake.effects[i].address == wanted[i].address &&
           fake.effects[i].bytes == wanted[i].bytes;
  if (same)
    return;
  fprintf(stderr, "%s:%d: %s touches something else than it should\n", __FILE__, line, name);
  print_effects("asked", fake.effects, fake.count);
  print_effects("wanted", wanted, count);
  exit(1);
}

#define READ(pointer, bytes)                                                                                         \
  { EFFECT_READ, (pointer), (bytes) }
#define CARRY(pointer, bytes)                                                                                        \
  { EFFECT_CARRY, (pointer), (bytes) }
#define WRITE(pointer, bytes)                                                                                        \
  { EFFECT_WRITE, (pointer), (bytes) }
#define STRING(pointer, length)                                                                                      \
  { EFFECT_STRING, (pointer), (length) }
#define OVERLAP(pointer, bytes)                                                                                      \
  { EFFECT_OVERLAP, (pointer), (bytes) }
#define OPEN(pointer, bytes)                                                                                         \
  { EFFECT_RELEASE, (pointer), (bytes) }
/* What is opened and then filled. */
#define FILL(pointer, room, bytes) OPEN(pointer, room), WRITE(pointer, bytes)

#define EXPECT_EFFECTS(name, ...)                                                                                    \
  do {                                                                                                               \
    const struct effect wanted[] = {{EFFECT_NONE, NULL, 0}, ##__VA_ARGS__};                                          \
    expect_effects(__LINE__, #name, wanted + 1, ARRAY_COUNT(wanted) - 1);                                            \
  } while (0)
#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void expect_caller(int line, const char *name) {
  if (fake.call != NULL && strcmp(fake.call, name) != 0) {
    fprintf(stderr, "%s:%d: %s says it is %s\n", __FILE__, line, name, fake.call);
    exit(1);
  }
}

/* The wrapper gives `value`, and leaves the errno that it should. Then the effects. */
#define GIVES(name, arguments, value, ...)                                                                           \
  do {                                                                                                               \
    extern __typeof__(name) call_##name;                                                                             \
    note_called(#name);                                                                                              \
    fake_forget();                                                                                                   \
    errno = 0;                                                                                                       \
    __typeof__(call_##name arguments) given = call_##name arguments;                                                 \
    expect_caller(__LINE__, #name);                                                                                  \
    if (!(given == (value)))                                                                                         \
      expect_failed(__FILE__, __LINE__, #name #arguments " == " #value, (unsigned long long)(intptr_t)given, 0);     \
    EXPECT_EFFECTS(name, ##__VA_ARGS__);                                                                             \
  } while (0)
/* It gives what libc's gives; for calls that may be done twice. */
#define SAME(name, arguments, ...)                                                                                   \
  do {                                                                                                               \
    errno = 0;                                                                                                       \
    __typeof__(name arguments) real = name arguments;                                                                \
    int real_errno = errno;                                                                                          \
    GIVES(name, arguments, real, ##__VA_ARGS__);                                                                     \
    EXPECT_EQUAL(errno, real_errno);                                                                                 \
    EXPECT_EQUAL(fake.refused, 0);                                                                                   \
  } while (0)
/* It has no result. */
#define DOES(name, arguments, ...)                                                                                   \
  do {                                                                                                               \
    extern __typeof__(name) call_##name;                                                                             \
    note_called(#name);                                                                                              \
    fake_forget();                                                                                                   \
    call_##name arguments;                                                                                           \
    expect_caller(__LINE__, #name);                                                                                  \
    EXPECT_EFFECTS(name, ##__VA_ARGS__);                                                                             \
    EXPECT_EQUAL(fake.refused, 0);                                                                                   \
  } while (0)
/* So many of the accesses it asked for are refused. */
#define REFUSES(count, name, arguments)                                                                              \
  do {                                                                                                               \
    extern __typeof__(name) call_##name;                                                                             \
    fake_forget();                                                                                                   \
    call_##name arguments;                                                                                           \
    EXPECT_EQUAL(fake.refused, count);                                                                               \
  } while (0)

/* An object that holds exactly this. */
static char *text(const char *string) {
  char *object = fake_object(strlen(string) + 1);
  return strcpy(object, string);
}
/* One that holds it without an end. */
static char *bytes(const char *string) {
  char *object = fake_object(strlen(string));
  return memcpy(object, string, strlen(string));
}
static wchar_t *wide_text(const wchar_t *string) {
  wchar_t *object = fake_object((wcslen(string) + 1) * sizeof *string);
  return wcscpy(object, string);
}
#define WIDE(count) ((count) * sizeof(wchar_t))
#define NEW(type)   ((type *)fake_object(sizeof(type)))

/* Names without a declaration in the headers. */
extern void *__mempcpy(void *, const void *, size_t);
extern void *__rawmemchr(const void *, int);
extern void *__memcpy_chk(void *, const void *, size_t, size_t);
extern void *__mempcpy_chk(void *, const void *, size_t, size_t);
extern void *__memmove_chk(void *, const void *, size_t, size_t);
extern void *__memset_chk(void *, int, size_t, size_t);
extern void __explicit_bzero_chk(void *, size_t, size_t);
extern char *__stpcpy(char *, const char *), *__stpncpy(char *, const char *, size_t);
extern char *__strcpy_chk(char *, const char *, size_t), *__stpcpy_chk(char *, const char *, size_t);
extern char *__strncpy_chk(char *, const char *, size_t, size_t),
    *__stpncpy_chk(char *, const char *, size_t, size_t);
extern char *__strcat_chk(char *, const char *, size_t), *__strncat_chk(char *, const char *, size_t, size_t);
extern char *__strdup(const char *), *__strndup(const char *, size_t), *__strtok_r(char *, const char *, char **);
extern int __xpg_strerror_r(int, char *, size_t);
extern wchar_t *__wmemcpy_chk(wchar_t *, const wchar_t *, size_t, size_t);
extern wchar_t *__wmempcpy_chk(wchar_t *, const wchar_t *, size_t, size_t);
extern wchar_t *__wmemmove_chk(wchar_t *, const wchar_t *, size_t, size_t);
extern wchar_t *__wmemset_chk(wchar_t *, wchar_t, size_t, size_t);
extern wchar_t *__wcscpy_chk(wchar_t *, const wchar_t *, size_t), *__wcpcpy_chk(wchar_t *, const wchar_t *, size_t);
extern wchar_t *__wcsncpy_chk(wchar_t *, const wchar_t *, size_t, size_t);
extern wchar_t *__wcpncpy_chk(wchar_t *, const wchar_t *, size_t, size_t);
extern wchar_t *__wcscat_chk(wchar_t *, const wchar_t *, size_t);
extern wchar_t *__wcsncat_chk(wchar_t *, const wchar_t *, size_t, size_t);
extern size_t __mbstowcs_chk(wchar_t *, const char *, size_t, size_t),
    __wcstombs_chk(char *, const wchar_t *, size_t, size_t);
extern size_t call_strlcpy(char *, const char *, size_t), call_strlcat(char *, const char *, size_t);

extern int __printf_chk(int, const char *, ...), __fprintf_chk(FILE *, int, const char *, ...);
extern int __dprintf_chk(int, int, const char *, ...), __vprintf_chk(int, const char *, va_list);
extern int __vfprintf_chk(FILE *, int, const char *, va_list), __vdprintf_chk(int, int, const char *, va_list);
extern int __snprintf_chk(char *, size_t, int, size_t, const char *, ...),
    __sprintf_chk(char *, int, size_t, const char *, ...);
extern int __vsnprintf_chk(char *, size_t, int, size_t, const char *, va_list);
extern int __vsprintf_chk(char *, int, size_t, const char *, va_list);
extern int __asprintf_chk(char **, int, const char *, ...), __vasprintf_chk(char **, int, const char *, va_list);
extern void __syslog_chk(int, int, const char *, ...), __vsyslog_chk(int, int, const char *, va_list);
extern int __isoc99_scanf(const char *, ...), __isoc99_vscanf(const char *, va_list);
extern int __isoc99_fscanf(FILE *, const char *, ...), __isoc99_vfscanf(FILE *, const char *, va_list);
extern int __isoc99_sscanf(const char *, const char *, ...), __isoc99_vsscanf(const char *, const char *, va_list);
extern int __isoc99_wscanf(const wchar_t *, ...), __isoc99_vwscanf(const wchar_t *, va_list);
extern int __isoc99_fwscanf(FILE *, const wchar_t *, ...), __isoc99_vfwscanf(FILE *, const wchar_t *, va_list);
extern int __isoc99_swscanf(const wchar_t *, const wchar_t *, ...);
extern int __isoc99_vswscanf(const wchar_t *, const wchar_t *, va_list);
extern size_t __fread_chk(void *, size_t, size_t, size_t, FILE *),
    __fread_unlocked_chk(void *, size_t, size_t, size_t, FILE *);
extern char *__fgets_chk(char *, size_t, int, FILE *), *__fgets_unlocked_chk(char *, size_t, int, FILE *);
extern ssize_t __read_chk(int, void *, size_t, size_t), __pread_chk(int, void *, size_t, off_t, size_t);
extern ssize_t __pread64_chk(int, void *, size_t, off_t, size_t), __recv_chk(int, void *, size_t, size_t, int);
extern ssize_t __recvfrom_chk(int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *);
extern int __poll_chk(struct pollfd *, nfds_t, int, size_t);
extern int __ppoll_chk(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *, size_t);
extern ssize_t __readlink_chk(const char *, char *, size_t, size_t),
    __readlinkat_chk(int, const char *, char *, size_t, size_t);
extern char *__getcwd_chk(char *, size_t, size_t), *__realpath_chk(const char *, char *, size_t);
extern int __gethostname_chk(char *, size_t, size_t);
extern int __open_2(const char *, int), __open64_2(const char *, int), __openat_2(int, const char *, int),
    __openat64_2(int, const char *, int);
extern int __xstat(int, const char *, struct stat *), __lxstat(int, const char *, struct stat *),
    __fxstat(int, int, struct stat *);
extern int __xstat64(int, const char *, struct stat64 *), __lxstat64(int, const char *, struct stat64 *);
extern int __fxstat64(int, int, struct stat64 *), __fxstatat(int, int, const char *, struct stat *, int);
extern int __fxstatat64(int, int, const char *, struct stat64 *, int);

/* ---- Memory ---- */

static int compare_bytes(const void *left, const void *right) {
  return *(const char *)left - *(const char *)right;
}
static int compare_bytes_with(const void *left, const void *right, void *argument) {
  (void)argument;
  return compare_bytes(left, right);
}

static void test_memory(void) {
  char *to = fake_object(16), *from = bytes("0123456789abcdef"), local[32];
#define COPIES(name, arguments) SAME(name, arguments, CARRY(from, 16), WRITE(to, 16))
  COPIES(memcpy, (to, from, 16));
  EXPECT(memcmp(to, from, 16) == 0);
  COPIES(mempcpy, (to, from, 16));
  COPIES(__mempcpy, (to, from, 16));
  COPIES(memmove, (to, from, 16));
  COPIES(__memcpy_chk, (to, from, 16, 16));
  COPIES(__mempcpy_chk, (to, from, 16, 16));
  COPIES(__memmove_chk, (to, from, 16, 16));
  DOES(bcopy, (from, to, 16), CARRY(from, 16), WRITE(to, 16));
  DOES(swab, (from, to, 5), CARRY(from, 4), WRITE(to, 4));
  SAME(memccpy, (to, from, '3', 16), CARRY(from, 16), READ(from, 4), WRITE(to, 4));
  SAME(memcpy, (local, from, 16), CARRY(from, 16));
  SAME(memcpy, (local, "x", 2));
  SAME(memcpy, (to, to, 16), CARRY(to, 16), WRITE(to, 16));
  REFUSES(2, memcpy, (to, from, 17));
  REFUSES(1, memmove, (to + 1, local, 16));
  REFUSES(1, memcpy, (to, to + 4, 8)); /* overlaps */
  REFUSES(1, memcpy, (to + 7, to, 8));
  REFUSES(0, memcpy, (to + 8, to, 8));
  REFUSES(0, memmove, (to + 7, to, 8));

  SAME(memset, (to, 1, 16), WRITE(to, 16));
  SAME(__memset_chk, (to, 1, 16, 16), WRITE(to, 16));
  DOES(bzero, (to, 16), WRITE(to, 16));
  DOES(explicit_bzero, (to, 16), WRITE(to, 16));
  DOES(__explicit_bzero_chk, (to, 16, 16), WRITE(to, 16));
  EXPECT(all_bytes_are(to, 0, 16));
  REFUSES(1, memset, (to, 0, 17));

  char *left = bytes("abcdefgh"), *right = bytes("abcxefgh");
#define COMPARES(name) SAME(name, (left, right, 8), CARRY(left, 8), CARRY(right, 8), READ(left, 4), READ(right, 4))
  COMPARES(memcmp);
  COMPARES(bcmp);
  REFUSES(2, memcmp, (left, right, 9));

  /* A search reads up to what it finds, and may be promised more than there is behind that. */
  SAME(memchr, (left, 'c', 8), CARRY(left, 8), READ(left, 3));
  SAME(memchr, (left, 'c', SIZE_MAX / 2), CARRY(left, 8), READ(left, 3));
  SAME(memchr, (left, 'z', 8), CARRY(left, 8), READ(left, 8));
  SAME(rawmemchr, (left, 'd'), CARRY(left, 8), READ(left, 4));
  SAME(__rawmemchr, (left, 'd'), CARRY(left, 8), READ(left, 4));
  SAME(memrchr, (left, 'c', 8), CARRY(left, 8));
  SAME(memmem, (left, 8, right, 3), CARRY(left, 8), CARRY(right, 3));
  REFUSES(1, memchr, (left, 'z', 9));
  REFUSES(1, memrchr, (left, 'z', 9));

  char *sorted = bytes("hgfedcba");
  DOES(qsort, (sorted, 8, 1, compare_bytes), CARRY(sorted, 8));
  EXPECT(memcmp(sorted, left, 8) == 0);
  DOES(qsort_r, (sorted, 8, 1, compare_bytes_with, NULL), CARRY(sorted, 8));
  SAME(bsearch, ("c", sorted, 8, 1, compare_bytes), CARRY(sorted, 8));
  REFUSES(1, qsort, (sorted, 9, 1, compare_bytes));
}

/* ---- Strings ---- */

static void test_strings(void) {
  char *from = text("hello"), *to = fake_object(16), *open = bytes("hello");
  SAME(strlen, (from), STRING(from, 5));
  SAME(strnlen, (from, 3), STRING(from, 3));
  SAME(strnlen, (open, 5), STRING(open, 5));
  REFUSES(1, strlen, (open));
  REFUSES(1, strnlen, (open, 6));

#define COPIES_STRING(name, arguments) SAME(name, arguments, STRING(from, 5), WRITE(to, 6))
  COPIES_STRING(strcpy, (to, from));
  EXPECT(strcmp(to, "hello") == 0);
  COPIES_STRING(stpcpy, (to, from));
  COPIES_STRING(__stpcpy, (to, from));
  COPIES_STRING(__strcpy_chk, (to, from, 16));
  COPIES_STRING(__stpcpy_chk, (to, from, 16));
#define COPIES_PADDED(name, arguments) SAME(name, arguments, STRING(from, 5), WRITE(to, 16))
  COPIES_PADDED(strncpy, (to, from, 16));
  COPIES_PADDED(stpncpy, (to, from, 16));
  COPIES_PADDED(__stpncpy, (to, from, 16));
  COPIES_PADDED(__strncpy_chk, (to, from, 16, 16));
  COPIES_PADDED(__stpncpy_chk, (to, from, 16, 16));
  SAME(strncpy, (to, open, 5), STRING(open, 5), WRITE(to, 5));
  char *small = fake_object(5);
  REFUSES(1, strcpy, (small, from));
  REFUSES(1, strncpy, (small, "a", 6));
  REFUSES(1, strcpy, (to + 2, strcpy(to, "abcd")));
#define APPENDS(name, arguments, added)                                                                              \
  strcpy(to, "ab");                                                                                                  \
  GIVES(name, arguments, to, STRING(to, 2), STRING(from, added), WRITE(to + 2, added + 1))
  APPENDS(strcat, (to, from), 5);
  EXPECT(strcmp(to, "abhello") == 0);
  APPENDS(strncat, (to, from, 3), 3);
  EXPECT(strcmp(to, "abhel") == 0);
  APPENDS(__strcat_chk, (to, from, 16), 5);
  APPENDS(__strncat_chk, (to, from, 3, 16), 3);
  strcpy(small, "abc");
  REFUSES(1, strcat, (small, "de"));

  note_called("strlcpy");
  note_called("strlcat");
  fake_forget();
  EXPECT_EQUAL(call_strlcpy(to, from, 4), 5);
  EXPECT_EFFECTS(strlcpy, STRING(from, 5), WRITE(to, 4));
  EXPECT(strcmp(to, "hel") == 0);
  fake_forget();
  EXPECT_EQUAL(call_strlcat(to, from, 6), 8);
  EXPECT_EFFECTS(strlcat, STRING(from, 5), STRING(to, 3), WRITE(to + 3, 3));
  EXPECT(strcmp(to, "helhe") == 0);
  EXPECT_EQUAL(call_strlcpy(to, from, 0), 5);
  EXPECT_EQUAL(call_strlcat(to, from, 2), 7);

  /* Comparisons read up to the difference: no end is needed behind it. */
  char *left = bytes("abcd"), *right = bytes("abxd"), *folded = bytes("ABxD");
#define COMPARES_STRING(name, arguments, other)                                                                      \
  SAME(name, arguments, CARRY(left, 4), CARRY(other, 4), READ(left, 3), READ(other, 3))
  COMPARES_STRING(strcmp, (left, right), right);
  COMPARES_STRING(strncmp, (left, right, 9), right);
  COMPARES_STRING(strcasecmp, (left, folded), folded);
  COMPARES_STRING(strncasecmp, (left, folded, 9), folded);
  COMPARES_STRING(strverscmp, (left, right), right);
  locale_t plain = newlocale(LC_ALL_MASK, "C", NULL);
  COMPARES_STRING(strcasecmp_l, (left, folded, plain), folded);
  COMPARES_STRING(strncasecmp_l, (left, folded, 9, plain), folded);
  SAME(strncmp, (left, "abc", 3), CARRY(left, 3), READ(left, 3));
  SAME(strcmp, (from, "hello"), CARRY(from, 6), READ(from, 6));
  REFUSES(1, strcmp, (left, "abcdefg"));
  REFUSES(2, strcmp, (left, memcpy(fake_object(4), "abcd", 4)));
  char *other = text("help");
  SAME(strcoll, (from, other), STRING(from, 5), STRING(other, 4));
  SAME(strcoll_l, (from, other, plain), STRING(from, 5), STRING(other, 4));
  SAME(strxfrm, (to, from, 16), STRING(from, 5), FILL(to, 16, 6));
  SAME(strxfrm, (to, from, 3), STRING(from, 5), FILL(to, 3, 2));

  /* Searches read up to what they find, else to the end. */
  SAME(strchr, (left, 'c'), CARRY(left, 4), READ(left, 3));
  SAME(index, (left, 'c'), CARRY(left, 4), READ(left, 3));
  SAME(strchrnul, (left, 'c'), CARRY(left, 4), READ(left, 3));
  SAME(strchr, (from, 'z'), CARRY(from, 6), READ(from, 6));
  SAME(strchr, (from, 0), CARRY(from, 6), READ(from, 6));
  REFUSES(1, strchr, (memcpy(fake_object(3), "abc", 3), 'z'));
  SAME(strrchr, (from, 'l'), STRING(from, 5));
  SAME(rindex, (from, 'l'), STRING(from, 5));
  SAME(strstr, (from, other), STRING(from, 5), STRING(other, 4));
  SAME(strcasestr, (from, other), STRING(from, 5), STRING(other, 4));
  char *set = text("cd");
  SAME(strpbrk, (left, set), STRING(set, 2), CARRY(left, 4), READ(left, 3));
  SAME(strcspn, (left, set), STRING(set, 2), CARRY(left, 4), READ(left, 3));
  char *start = text("abc");
  SAME(strspn, (left, start), STRING(start, 3), CARRY(left, 4), READ(left, 4));

  char *words = text("a b c"), *space = text(" "), *rest = NULL;
  GIVES(strtok, (words, space), words, STRING(space, 1), STRING(words, 5));
  GIVES(strtok, (NULL, space), words + 2, STRING(space, 1));
  words = text("a b c");
  GIVES(strtok_r, (words, space, &rest), words, STRING(space, 1), STRING(words, 5));
  GIVES(__strtok_r, (NULL, space, &rest), words + 2, STRING(space, 1), STRING(words + 2, 3));
  char **next = NEW(char *);
  *next = text("x y");
  GIVES(strsep, (next, space), *next - 2, READ(next, sizeof *next), STRING(space, 1), STRING(*next - 2, 3));

#define DUPLICATES(name, arguments, length)                                                                          \
  do {                                                                                                               \
    extern __typeof__(name) call_##name;                                                                             \
    note_called(#name);                                                                                              \
    fake_forget();                                                                                                   \
    char *copy = call_##name arguments;                                                                              \
    EXPECT_EFFECTS(name, STRING(from, length), CARRY(from, length));                                                 \
    EXPECT(strlen(copy) == length && memcmp(copy, from, length) == 0);                                               \
    free(copy);                                                                                                      \
  } while (0)
  DUPLICATES(strdup, (from), 5);
  DUPLICATES(__strdup, (from), 5);
  DUPLICATES(strndup, (from, 3), 3);
  DUPLICATES(__strndup, (from, 9), 5);

  struct tm *day = NEW(struct tm);
  *day = (struct tm){.tm_year = 100, .tm_mon = 1, .tm_mday = 3};
  char *format = text("%F"), *date = fake_object(16);
  GIVES(strftime, (date, 16, format, day), 10, STRING(format, 2), READ(day, sizeof *day), FILL(date, 16, 11));

  char *answer = fake_object(64);
  char *message = strerror(ENOENT);
  size_t message_bytes = strlen(message) + 1;
  GIVES(strerror_r, (ENOENT, answer, 64), strerror_r(ENOENT, answer, 64), OPEN(answer, 64));
  GIVES(strerror_r, (12345, answer, 64), answer, FILL(answer, 64, strlen("Unknown error 12345") + 1));
  GIVES(__xpg_strerror_r, (ENOENT, answer, 64), 0, FILL(answer, 64, message_bytes));

  char *name = text("FREEHOLD_TEST"), *value = text("value");
  GIVES(setenv, (name, value, 1), 0, STRING(name, 13), STRING(value, 5));
  SAME(getenv, (name), STRING(name, 13));
  SAME(secure_getenv, (name), STRING(name, 13));
  GIVES(unsetenv, (name), 0, STRING(name, 13));
  char *both = text("FREEHOLD_TEST=1");
  GIVES(putenv, (both), 0, STRING(both, 15));
  unsetenv(name);
}

static void test_numbers(void) {
  char *number = bytes(" -12;"), **end = NEW(char *);
  locale_t plain = newlocale(LC_ALL_MASK, "C", NULL);
#define READS_NUMBER(name, arguments)                                                                                \
  SAME(name, arguments, CARRY(number, 5), READ(number, 5), WRITE(end, sizeof *end))
  READS_NUMBER(strtol, (number, end, 10));
  EXPECT(*end == number + 4);
  READS_NUMBER(strtoll, (number, end, 10));
  READS_NUMBER(strtoul, (number, end, 10));
  READS_NUMBER(strtoull, (number, end, 10));
  READS_NUMBER(strtoimax, (number, end, 10));
  READS_NUMBER(strtoumax, (number, end, 10));
  READS_NUMBER(strtoq, (number, end, 10));
  READS_NUMBER(strtouq, (number, end, 10));
  READS_NUMBER(strtol_l, (number, end, 10, plain));
  READS_NUMBER(strtoll_l, (number, end, 10, plain));
  READS_NUMBER(strtoul_l, (number, end, 10, plain));
  READS_NUMBER(strtoull_l, (number, end, 10, plain));
  READS_NUMBER(strtod, (number, end));
  READS_NUMBER(strtof, (number, end));
  READS_NUMBER(strtold, (number, end));
  READS_NUMBER(strtod_l, (number, end, plain));
  READS_NUMBER(strtof_l, (number, end, plain));
  READS_NUMBER(strtold_l, (number, end, plain));
  SAME(atoi, (number), CARRY(number, 5), READ(number, 5));
  SAME(atol, (number), CARRY(number, 5), READ(number, 5));
  SAME(atoll, (number), CARRY(number, 5), READ(number, 5));
  SAME(atof, (number), CARRY(number, 5), READ(number, 5));
  REFUSES(1, atoi, (bytes("123")));
  REFUSES(0, atoi, (text("123")));
}

static void test_wide(void) {
  wchar_t *from = wide_text(L"hello"), *to = fake_object(WIDE(16)), local[32];
#define WIDE_COPIES(name, arguments) SAME(name, arguments, CARRY(from, WIDE(6)), WRITE(to, WIDE(6)))
  WIDE_COPIES(wmemcpy, (to, from, 6));
  WIDE_COPIES(wmempcpy, (to, from, 6));
  WIDE_COPIES(wmemmove, (to, from, 6));
  WIDE_COPIES(__wmemcpy_chk, (to, from, 6, 16));
  WIDE_COPIES(__wmempcpy_chk, (to, from, 6, 16));
  WIDE_COPIES(__wmemmove_chk, (to, from, 6, 16));
  SAME(wmemset, (to, L'x', 16), WRITE(to, WIDE(16)));
  SAME(__wmemset_chk, (to, L'x', 16, 16), WRITE(to, WIDE(16)));
  REFUSES(1, wmemset, (to, 0, 17));

#define WIDE_STRING(pointer, length) CARRY(pointer, WIDE((length) + 1)), READ(pointer, WIDE((length) + 1))
  SAME(wcslen, (from), WIDE_STRING(from, 5));
  SAME(wcsnlen, (from, 3), CARRY(from, WIDE(3)), READ(from, WIDE(3)));
#define WIDE_COPIES_STRING(name, arguments, most, written)                                                           \
  SAME(name, arguments, CARRY(from, WIDE(6)), READ(from, WIDE(6)), WRITE(to, WIDE(written)))
  WIDE_COPIES_STRING(wcscpy, (to, from), 6, 6);
  WIDE_COPIES_STRING(wcpcpy, (to, from), 6, 6);
  WIDE_COPIES_STRING(__wcscpy_chk, (to, from, 16), 6, 6);
  WIDE_COPIES_STRING(__wcpcpy_chk, (to, from, 16), 6, 6);
  WIDE_COPIES_STRING(wcsncpy, (to, from, 16), 6, 16);
  WIDE_COPIES_STRING(wcpncpy, (to, from, 16), 6, 16);
  WIDE_COPIES_STRING(__wcsncpy_chk, (to, from, 16, 16), 6, 16);
  WIDE_COPIES_STRING(__wcpncpy_chk, (to, from, 16, 16), 6, 16);
  wchar_t *small = fake_object(WIDE(5));
  REFUSES(1, wcscpy, (small, from));
#define WIDE_APPENDS(name, arguments, looked_at, added)                                                              \
  wmemset(to, 0, 16);                                                                                                \
  wcscpy(to, L"ab");                                                                                                 \
  GIVES(name, arguments, to, CARRY(to, WIDE(16)), READ(to, WIDE(3)), CARRY(from, WIDE(looked_at)),                   \
        READ(from, WIDE(looked_at)), WRITE(to + 2, WIDE(added + 1)))
  WIDE_APPENDS(wcscat, (to, from), 6, 5);
  EXPECT(wcscmp(to, L"abhello") == 0);
  WIDE_APPENDS(wcsncat, (to, from, 3), 3, 3);
  WIDE_APPENDS(__wcscat_chk, (to, from, 16), 6, 5);
  WIDE_APPENDS(__wcsncat_chk, (to, from, 3, 16), 3, 3);

  {
    extern __typeof__(wcsdup) call_wcsdup;
    note_called("wcsdup");
    fake_forget();
    wchar_t *copy = call_wcsdup(from);
    EXPECT_EFFECTS(wcsdup, WIDE_STRING(from, 5), CARRY(from, 5 * sizeof(wchar_t)));
    EXPECT(wcscmp(copy, from) == 0);
    free(copy);
  }

  wchar_t *left = wide_text(L"abcd"), *right = wide_text(L"abxd"), *folded = wide_text(L"ABxD");
#define WIDE_COMPARES(name, arguments, other, most)                                                                  \
  SAME(name, arguments, CARRY(left, WIDE(most)), CARRY(other, WIDE(most)), READ(left, WIDE(3)), READ(other, WIDE(3)))
  WIDE_COMPARES(wcscmp, (left, right), right, 5);
  WIDE_COMPARES(wcscasecmp, (left, folded), folded, 5);
  WIDE_COMPARES(wcsncmp, (left, right, 4), right, 4);
  WIDE_COMPARES(wcsncasecmp, (left, folded, 4), folded, 4);
  SAME(wmemcmp, (left, right, 4), CARRY(left, WIDE(4)), CARRY(right, WIDE(4)), READ(left, WIDE(2) + 1),
       READ(right, WIDE(2) + 1));
  SAME(wcscoll, (left, right), WIDE_STRING(left, 4), WIDE_STRING(right, 4));
  SAME(wcsxfrm, (local, left, 16), WIDE_STRING(left, 4));

  SAME(wmemchr, (left, L'c', 4), CARRY(left, WIDE(4)), READ(left, WIDE(3)));
  SAME(wcschr, (left, L'c'), CARRY(left, WIDE(5)), READ(left, WIDE(3)));
  SAME(wcschrnul, (left, L'c'), CARRY(left, WIDE(5)), READ(left, WIDE(3)));
  SAME(wcsrchr, (left, L'c'), WIDE_STRING(left, 4));
  SAME(wcsstr, (left, right), WIDE_STRING(left, 4), WIDE_STRING(right, 4));
  SAME(wcspbrk, (left, L"dc"), CARRY(left, WIDE(5)), READ(left, WIDE(3)));
  SAME(wcscspn, (left, L"dc"), CARRY(left, WIDE(5)), READ(left, WIDE(3)));
  SAME(wcsspn, (left, L"ab"), CARRY(left, WIDE(5)), READ(left, WIDE(3)));
  wchar_t *words = wide_text(L"a b"), *rest = NULL;
  GIVES(wcstok, (words, L" ", &rest), words, WIDE_STRING(words, 3));

  wchar_t *number = wide_text(L"12;"), **end = NEW(wchar_t *);
#define READS_WIDE_NUMBER(name, arguments)                                                                           \
  SAME(name, arguments, CARRY(number, WIDE(4)), READ(number, WIDE(3)), WRITE(end, sizeof *end))
  READS_WIDE_NUMBER(wcstol, (number, end, 10));
  READS_WIDE_NUMBER(wcstoll, (number, end, 10));
  READS_WIDE_NUMBER(wcstoul, (number, end, 10));
  READS_WIDE_NUMBER(wcstoull, (number, end, 10));
  READS_WIDE_NUMBER(wcstod, (number, end));
  READS_WIDE_NUMBER(wcstof, (number, end));
  READS_WIDE_NUMBER(wcstold, (number, end));

  char *narrow = fake_object(16);
  const char *narrow_from = "hello";
  mbstate_t state;
  SAME(mbstowcs, (to, "hello", 16), FILL(to, WIDE(16), WIDE(6)));
  SAME(__mbstowcs_chk, (to, "hello", 16, 16), FILL(to, WIDE(16), WIDE(6)));
  memset(&state, 0, sizeof state);
  GIVES(mbsrtowcs, (to, &narrow_from, 16, &state), 5, FILL(to, WIDE(16), WIDE(6)));
  SAME(wcstombs, (narrow, L"hello", 3), FILL(narrow, 3, 3));
  SAME(__wcstombs_chk, (narrow, L"hello", 16, 16), FILL(narrow, 16, 6));
  const wchar_t *wide_from = L"hello";
  GIVES(wcsrtombs, (narrow, &wide_from, 16, &state), 5, FILL(narrow, 16, 6));
}

/* ---- Formats ---- */

static int quiet_output = -1, kept_output = -1;
static void output_off(void) {
  fflush(stdout);
  kept_output = dup(STDOUT_FILENO);
  quiet_output = open("/dev/null", O_WRONLY);
  dup2(quiet_output, STDOUT_FILENO);
}
static void output_on(void) {
  fflush(stdout);
  dup2(kept_output, STDOUT_FILENO);
  close(kept_output);
  close(quiet_output);
}

/* Calls a function of a list of arguments with these arguments. */
#define LIST_GIVES(name, before, value, ...)                                                                         \
  do {                                                                                                               \
    extern __typeof__(name) call_##name;                                                                             \
    note_called(#name);                                                                                              \
    fake_forget();                                                                                                   \
    EXPECT_EQUAL(list_##name before, value);                                                                         \
    expect_caller(__LINE__, #name);                                                                                  \
    EXPECT_EFFECTS(name, ##__VA_ARGS__);                                                                             \
  } while (0)
#define LISTED(type, name, parameters, last, arguments)                                                              \
  extern __typeof__(name) call_##name;                                                                               \
  static type list_##name parameters {                                                                               \
    va_list list;                                                                                                    \
    va_start(list, last);                                                                                            \
    type result = call_##name arguments;                                                                             \
    va_end(list);                                                                                                    \
    return result;                                                                                                   \
  }
LISTED(int, vprintf, (const char *format, ...), format, (format, list))
LISTED(int, vfprintf, (FILE * file, const char *format, ...), format, (file, format, list))
LISTED(int, vdprintf, (int fd, const char *format, ...), format, (fd, format, list))
LISTED(int, __vprintf_chk, (int flag, const char *format, ...), format, (flag, format, list))
LISTED(int, __vfprintf_chk, (FILE * file, int flag, const char *format, ...), format, (file, flag, format, list))
LISTED(int, __vdprintf_chk, (int fd, int flag, const char *format, ...), format, (fd, flag, format, list))
LISTED(int, vwprintf, (const wchar_t *format, ...), format, (format, list))
LISTED(int, vfwprintf, (FILE * file, const wchar_t *format, ...), format, (file, format, list))
LISTED(int, vsnprintf, (char *to, size_t room, const char *format, ...), format, (to, room, format, list))
LISTED(int, vsprintf, (char *to, const char *format, ...), format, (to, format, list))
LISTED(int, __vsnprintf_chk, (char *to, size_t room, int flag, size_t seen, const char *format, ...), format,
       (to, room, flag, seen, format, list))
LISTED(int, __vsprintf_chk, (char *to, int flag, size_t seen, const char *format, ...), format,
       (to, flag, seen, format, list))
LISTED(int, vswprintf, (wchar_t * to, size_t room, const wchar_t *format, ...), format, (to, room, format, list))
LISTED(int, vasprintf, (char **to, const char *format, ...), format, (to, format, list))
LISTED(int, __vasprintf_chk, (char **to, int flag, const char *format, ...), format, (to, flag, format, list))
LISTED(int, vscanf, (const char *format, ...), format, (format, list))
LISTED(int, __isoc99_vscanf, (const char *format, ...), format, (format, list))
LISTED(int, vwscanf, (const wchar_t *format, ...), format, (format, list))
LISTED(int, __isoc99_vwscanf, (const wchar_t *format, ...), format, (format, list))
LISTED(int, vfscanf, (FILE * file, const char *format, ...), format, (file, format, list))
LISTED(int, __isoc99_vfscanf, (FILE * file, const char *format, ...), format, (file, format, list))
LISTED(int, vfwscanf, (FILE * file, const wchar_t *format, ...), format, (file, format, list))
LISTED(int, __isoc99_vfwscanf, (FILE * file, const wchar_t *format, ...), format, (file, format, list))
LISTED(int, vsscanf, (const char *from, const char *format, ...), format, (from, format, list))
LISTED(int, __isoc99_vsscanf, (const char *from, const char *format, ...), format, (from, format, list))
LISTED(int, vswscanf, (const wchar_t *from, const wchar_t *format, ...), format, (from, format, list))
LISTED(int, __isoc99_vswscanf, (const wchar_t *from, const wchar_t *format, ...), format, (from, format, list))
extern __typeof__(vsyslog) call_vsyslog;
extern __typeof__(__vsyslog_chk) call___vsyslog_chk;
static void list_vsyslog(int priority, const char *format, ...) {
  va_list list;
  va_start(list, format);
  call_vsyslog(priority, format, list);
  va_end(list);
}
static void list___vsyslog_chk(int priority, int flag, const char *format, ...) {
  va_list list;
  va_start(list, format);
  call___vsyslog_chk(priority, flag, format, list);
  va_end(list);
}

static void test_print(void) {
  char *format = text("<%s>"), *name = text("abc"), *open = bytes("abcd");
  FILE *null = fopen("/dev/null", "w"), *wide_null = fopen("/dev/null", "w");
  int fd = fileno(null);
#define FORMATS STRING(format, 4), STRING(name, 3)
  output_off();
  GIVES(printf, (format, name), 5, FORMATS);
  GIVES(__printf_chk, (1, format, name), 5, FORMATS);
  LIST_GIVES(vprintf, (format, name), 5, FORMATS);
  LIST_GIVES(__vprintf_chk, (1, format, name), 5, FORMATS);
  output_on();
  GIVES(fprintf, (null, format, name), 5, FORMATS);
  GIVES(__fprintf_chk, (null, 1, format, name), 5, FORMATS);
  GIVES(dprintf, (fd, format, name), 5, FORMATS);
  GIVES(__dprintf_chk, (fd, 1, format, name), 5, FORMATS);
  LIST_GIVES(vfprintf, (null, format, name), 5, FORMATS);
  LIST_GIVES(__vfprintf_chk, (null, 1, format, name), 5, FORMATS);
  LIST_GIVES(vdprintf, (fd, format, name), 5, FORMATS);
  LIST_GIVES(__vdprintf_chk, (fd, 1, format, name), 5, FORMATS);
  wchar_t *wide_format = wide_text(L"%ls"), *wide_name = wide_text(L"ab");
  GIVES(fwprintf, (wide_null, wide_format, wide_name), 2, WIDE_STRING(wide_format, 3), WIDE_STRING(wide_name, 2));
  LIST_GIVES(vfwprintf, (wide_null, wide_format, wide_name), 2, WIDE_STRING(wide_format, 3),
             WIDE_STRING(wide_name, 2));
  output_off();
  FILE *narrow = stdout;
  stdout = wide_null;
  GIVES(wprintf, (wide_format, wide_name), 2, WIDE_STRING(wide_format, 3), WIDE_STRING(wide_name, 2));
  LIST_GIVES(vwprintf, (wide_format, wide_name), 2, WIDE_STRING(wide_format, 3), WIDE_STRING(wide_name, 2));
  stdout = narrow;
  output_on();
  DOES(syslog, (LOG_DEBUG, format, name), FORMATS);
  DOES(__syslog_chk, (LOG_DEBUG, 1, format, name), FORMATS);
  note_called("vsyslog");
  fake_forget();
  list_vsyslog(LOG_DEBUG, format, name);
  EXPECT_EFFECTS(vsyslog, FORMATS);
  note_called("__vsyslog_chk");
  fake_forget();
  list___vsyslog_chk(LOG_DEBUG, 1, format, name);
  EXPECT_EFFECTS(__vsyslog_chk, FORMATS);

  /* Whatever stands before a string among the arguments, it is found; with a precision it needs no end. */
  char out[512];
#define AS_PRINTED(text, ...)                                                                                        \
  do {                                                                                                               \
    char other[512];                                                                                                 \
    snprintf(other, sizeof other, text, __VA_ARGS__);                                                                \
    GIVES(snprintf, (out, sizeof out, text, __VA_ARGS__), (int)strlen(other), STRING(name, 3));                      \
    EXPECT(strcmp(out, other) == 0);                                                                                 \
  } while (0)
  AS_PRINTED("%d%5ld%-*u%hhx%hX%lld%zu%jd%td %s", 1, 2l, 5, 3u, (unsigned char)4, (unsigned short)5, 6ll, (size_t)7,
             (intmax_t)8, (ptrdiff_t)9, name);
  AS_PRINTED("%f%Lf%*.*g%e%a%c%p%%%m %s", 1.5, 2.5l, 9, 3, 2.5, 3.5, 4.5, 'c', (void *)out, name);
  AS_PRINTED("%s%5s%.2s %s", "a", "b", "c", name);
  AS_PRINTED("%lc%ls%s", (wint_t)'x', L"wide", name);
  AS_PRINTED("%'d%+i%#o %s", 1, 2, 3, name);
  GIVES(snprintf, (out, sizeof out, "%.4s", open), 4, STRING(open, 4));
  GIVES(snprintf, (out, sizeof out, "%.*s", 4, open), 4, STRING(open, 4));
  GIVES(snprintf, (out, sizeof out, "%ls", wide_name), 2, WIDE_STRING(wide_name, 2));
  GIVES(snprintf, (out, sizeof out, "%2$s%1$s", name, "x"), 4); /* out of order: not followed */
  GIVES(snprintf, (out, sizeof out, "%1$*2$d %3$s", 1, 5, name), 9);
  int *written = NEW(int);
  GIVES(snprintf, (out, sizeof out, "ab%n", written), 2, WRITE(written, sizeof *written));
  EXPECT_EQUAL(*written, 2);
  REFUSES(1, snprintf, (out, sizeof out, "%s", open));
  REFUSES(1, snprintf, (out, sizeof out, "%.5s", open));
  REFUSES(1, snprintf, (out, sizeof out, bytes("abc")));

  char *to = fake_object(8);
#define PRINTS(bytes) STRING(format, 4), STRING(name, 3), WRITE(to, bytes)
  GIVES(snprintf, (to, 8, format, name), 5, PRINTS(6));
  EXPECT(strcmp(to, "<abc>") == 0);
  GIVES(snprintf, (to, 3, format, name), 5, PRINTS(3));
  GIVES(snprintf, (to, 100, format, name), 5, PRINTS(6)); /* promised too much, used what is there */
  EXPECT_EQUAL(fake.refused, 0);
  GIVES(sprintf, (to, format, name), 5, PRINTS(6));
  GIVES(__snprintf_chk, (to, 8, 1, 8, format, name), 5, PRINTS(6));
  GIVES(__sprintf_chk, (to, 1, 8, format, name), 5, PRINTS(6));
  LIST_GIVES(vsnprintf, (to, 8, format, name), 5, PRINTS(6));
  LIST_GIVES(vsprintf, (to, format, name), 5, PRINTS(6));
  LIST_GIVES(__vsnprintf_chk, (to, 8, 1, 8, format, name), 5, PRINTS(6));
  LIST_GIVES(__vsprintf_chk, (to, 1, 8, format, name), 5, PRINTS(6));
  REFUSES(1, sprintf, (to, "12345678"));
  REFUSES(0, sprintf, (to, "1234567"));
  REFUSES(1, snprintf, (to, 9, "12345678"));
  wchar_t *wide_to = fake_object(WIDE(8));
  GIVES(swprintf, (wide_to, 8, wide_format, wide_name), 2, WIDE_STRING(wide_format, 3), WIDE_STRING(wide_name, 2),
        FILL(wide_to, WIDE(8), WIDE(3)));
  LIST_GIVES(vswprintf, (wide_to, 8, wide_format, wide_name), 2, WIDE_STRING(wide_format, 3),
             WIDE_STRING(wide_name, 2), FILL(wide_to, WIDE(8), WIDE(3)));

  char **fresh = NEW(char *);
#define PRINTS_FRESH STRING(format, 4), STRING(name, 3), WRITE(fresh, sizeof *fresh)
  GIVES(asprintf, (fresh, format, name), 5, PRINTS_FRESH);
  EXPECT(strcmp(*fresh, "<abc>") == 0);
  free(*fresh);
  GIVES(__asprintf_chk, (fresh, 1, format, name), 5, PRINTS_FRESH);
  free(*fresh);
  LIST_GIVES(vasprintf, (fresh, format, name), 5, PRINTS_FRESH);
  free(*fresh);
  LIST_GIVES(__vasprintf_chk, (fresh, 1, format, name), 5, PRINTS_FRESH);
  free(*fresh);
  fclose(null);
  fclose(wide_null);
}

/* A stream of this content, neither of bytes nor of wide characters yet. */
static FILE *reading(const char *content) {
  FILE *file = tmpfile();
  EXPECT_EQUAL(write(fileno(file), content, strlen(content)), strlen(content));
  lseek(fileno(file), 0, SEEK_SET);
  return file;
}

static void test_scan(void) {
  int *number = NEW(int), *count = NEW(int);
  char *word = fake_object(8), *set = fake_object(8), *letters = fake_object(3);
  char *source = text("12 abc xyz pqr"), *format = text("%d %s %7[xyz] %3c%n");
#define OPENS_TARGETS                                                                                                \
  OPEN(number, sizeof *number), OPEN(word, 8), OPEN(set, 8), OPEN(letters, 3), OPEN(count, sizeof *count)
#define SCANS OPENS_TARGETS, WRITE(number, sizeof *number), WRITE(word, 4), WRITE(set, 4), WRITE(letters, 3)
  GIVES(sscanf, (source, format, number, word, set, letters, count), 4, STRING(source, 14), STRING(format, 19),
        SCANS);
  EXPECT_EQUAL(*number, 12);
  EXPECT_EQUAL(*count, 14);
  EXPECT(strcmp(word, "abc") == 0);
  GIVES(__isoc99_sscanf, (source, format, number, word, set, letters, count), 4, STRING(source, 14),
        STRING(format, 19), SCANS);
  LIST_GIVES(vsscanf, (source, format, number, word, set, letters, count), 4, STRING(source, 14), STRING(format, 19),
             SCANS);
  LIST_GIVES(__isoc99_vsscanf, (source, format, number, word, set, letters, count), 4, STRING(source, 14),
             STRING(format, 19), SCANS);
  /* What was not assigned was not written. */
  GIVES(sscanf, ("7 ", format, number, word, set, letters, count), 1, STRING(format, 19), OPENS_TARGETS,
        WRITE(number, sizeof *number));
  GIVES(sscanf, ("", format, number, word, set, letters, count), EOF, STRING(format, 19), OPENS_TARGETS);
  double *real = NEW(double);
  short *small = NEW(short);
  char **fresh = NEW(char *);
  GIVES(sscanf, ("1 2.5 skip 3 x]y", "%*d %lf %*s %hd %m[]x]", real, small, fresh), 3, OPEN(real, 8), OPEN(small, 2),
        OPEN(fresh, 8), WRITE(real, 8), WRITE(small, 2), WRITE(fresh, 8));
  EXPECT(strcmp(*fresh, "x]") == 0);
  free(*fresh);
  REFUSES(1, sscanf, ("123456789", "%s", fake_object(8)));
  REFUSES(0, sscanf, ("1234567", "%s", fake_object(8)));
  REFUSES(1, sscanf, ("1", "%ld", (long *)(void *)fake_object(4)));
  REFUSES(1, sscanf, (bytes("12"), "%d", number));

#define FILE_SCANS(name, list, new_input)                                                                            \
  do {                                                                                                               \
    FILE *input = new_input;                                                                                         \
    GIVES(name, (input, "%d %s", number, word), 2, OPEN(number, 4), OPEN(word, 8), WRITE(number, 4),                 \
          WRITE(word, 4));                                                                                           \
    rewind(input);                                                                                                   \
    LIST_GIVES(list, (input, "%d %s", number, word), 2, OPEN(number, 4), OPEN(word, 8), WRITE(number, 4),            \
               WRITE(word, 4));                                                                                      \
    fclose(input);                                                                                                   \
  } while (0)
  FILE_SCANS(fscanf, vfscanf, reading("5 abc"));
  FILE_SCANS(__isoc99_fscanf, __isoc99_vfscanf, reading("5 abc"));
#define INPUT_SCANS(name, list, spelling)                                                                            \
  do {                                                                                                               \
    FILE *kept = stdin;                                                                                              \
    stdin = reading("5 6");                                                                                          \
    GIVES(name, (spelling, number), 1, OPEN(number, 4), WRITE(number, 4));                                           \
    LIST_GIVES(list, (spelling, number), 1, OPEN(number, 4), WRITE(number, 4));                                      \
    fclose(stdin);                                                                                                   \
    stdin = kept;                                                                                                    \
  } while (0)
  INPUT_SCANS(scanf, vscanf, "%d");
  INPUT_SCANS(__isoc99_scanf, __isoc99_vscanf, "%d");
  INPUT_SCANS(wscanf, vwscanf, L"%d");
  INPUT_SCANS(__isoc99_wscanf, __isoc99_vwscanf, L"%d");
#define WIDE_FILE_SCANS(name, list)                                                                                  \
  do {                                                                                                               \
    FILE *input = reading("5 6");                                                                                    \
    GIVES(name, (input, L"%d", number), 1, OPEN(number, 4), WRITE(number, 4));                                       \
    LIST_GIVES(list, (input, L"%d", number), 1, OPEN(number, 4), WRITE(number, 4));                                  \
    fclose(input);                                                                                                   \
  } while (0)
  WIDE_FILE_SCANS(fwscanf, vfwscanf);
  WIDE_FILE_SCANS(__isoc99_fwscanf, __isoc99_vfwscanf);
  wchar_t *wide_source = wide_text(L"5 ab"), *wide_word = fake_object(WIDE(4));
#define WIDE_SCANS                                                                                                   \
  WIDE_STRING(wide_source, 4), OPEN(number, 4), OPEN(wide_word, WIDE(4)), WRITE(number, 4), WRITE(wide_word, WIDE(3))
  GIVES(swscanf, (wide_source, L"%d %ls", number, wide_word), 2, WIDE_SCANS);
  GIVES(__isoc99_swscanf, (wide_source, L"%d %ls", number, wide_word), 2, WIDE_SCANS);
  LIST_GIVES(vswscanf, (wide_source, L"%d %ls", number, wide_word), 2, WIDE_SCANS);
  LIST_GIVES(__isoc99_vswscanf, (wide_source, L"%d %ls", number, wide_word), 2, WIDE_SCANS);
}

/* ---- Streams ---- */

static void test_files(void) {
  FILE *file = tmpfile();
  char *line = text("hello\n"), *to = fake_object(16);
  GIVES(fwrite, (line, 1, 6, file), 6, READ(line, 6));
  GIVES(fwrite_unlocked, (line, 2, 3, file), 3, READ(line, 6));
  GIVES(fputs, (line, file), 1, STRING(line, 6));
  GIVES(fputs_unlocked, (line, file), 1, STRING(line, 6));
  output_off();
  GIVES(puts, (line), 7, STRING(line, 6));
  output_on();
  FILE *errors = stderr;
  stderr = fopen("/dev/null", "w");
  char *head = text("head");
  DOES(perror, (head), STRING(head, 4));
  fclose(stderr);
  stderr = errors;
#define READS_BLOCK(name, arguments, result, room, got)                                                              \
  rewind(file);                                                                                                      \
  GIVES(name, arguments, result, FILL(to, room, got));                                                               \
  EXPECT_EQUAL(fake.refused, 0)
  READS_BLOCK(fread, (to, 2, 8, file), 8, 16, 16);
  READS_BLOCK(fread_unlocked, (to, 2, 8, file), 8, 16, 16);
  READS_BLOCK(__fread_chk, (to, 16, 2, 8, file), 8, 16, 16);
  READS_BLOCK(__fread_unlocked_chk, (to, 16, 2, 8, file), 8, 16, 16);
  fseek(file, -4, SEEK_END);
  GIVES(fread, (to, 1, 100, file), 4, FILL(to, 16, 4)); /* the program promised more than it has, and got less */
  EXPECT_EQUAL(fake.refused, 0);
  rewind(file);
  REFUSES(1, fread, (to, 1, 17, file));
#define READS_LINE(name, arguments)                                                                                  \
  rewind(file);                                                                                                      \
  GIVES(name, arguments, to, FILL(to, 16, 7))
  READS_LINE(fgets, (to, 16, file));
  READS_LINE(fgets_unlocked, (to, 16, file));
  READS_LINE(__fgets_chk, (to, 16, 16, file));
  READS_LINE(__fgets_unlocked_chk, (to, 16, 16, file));
  rewind(file);
  REFUSES(1, fgets, (fake_object(6), 7, file));

  char **fresh = NEW(char *);
  size_t *room = NEW(size_t);
#define READS_FRESH(name, arguments, ...)                                                                            \
  rewind(file);                                                                                                      \
  GIVES(name, arguments, 6, READ(fresh, sizeof *fresh), __VA_ARGS__ WRITE(room, sizeof *room))
  READS_FRESH(getline, (fresh, room, file), );
  READS_FRESH(getdelim, (fresh, room, '\n', file), READ(room, sizeof *room), );
  READS_FRESH(__getdelim, (fresh, room, '\n', file), READ(room, sizeof *room), );
  EXPECT(strcmp(*fresh, "hello\n") == 0);
  free(*fresh);
  fclose(file);

  file = tmpfile();
  wchar_t *wide_line = wide_text(L"ab\n"), *wide_to = fake_object(WIDE(8));
  GIVES(fputws, (wide_line, file), 1, WIDE_STRING(wide_line, 3));
  rewind(file);
  GIVES(fgetws, (wide_to, 8, file), wide_to, OPEN(wide_to, WIDE(8)), CARRY(wide_to, WIDE(7)), READ(wide_to, WIDE(4)),
        WRITE(wide_to, WIDE(4)));
  fclose(file);

  char *path = text("/dev/null"), *mode = text("r");
#define OPENS_FILE(name, arguments)                                                                                  \
  do {                                                                                                               \
    extern __typeof__(name) call_##name;                                                                             \
    note_called(#name);                                                                                              \
    fake_forget();                                                                                                   \
    FILE *opened = call_##name arguments;                                                                            \
    EXPECT(opened != NULL);                                                                                          \
    EXPECT_EFFECTS(name, STRING(path, strlen(path)), STRING(mode, 1));                                               \
    file = opened;                                                                                                   \
  } while (0)
  OPENS_FILE(fopen, (path, mode));
  OPENS_FILE(freopen, (path, mode, file));
  OPENS_FILE(freopen64, (path, mode, file));
  fclose(file);
  OPENS_FILE(fopen64, (path, mode));
  char *buffer = fake_object(BUFSIZ);
  GIVES(setvbuf, (file, buffer, _IOFBF, 64), 0, CARRY(buffer, 64), OPEN(buffer, 64));
  DOES(setbuf, (file, buffer), CARRY(buffer, BUFSIZ), OPEN(buffer, BUFSIZ));
  DOES(setbuffer, (file, buffer, 64), CARRY(buffer, 64), OPEN(buffer, 64));
  fclose(file);
  int fd = open("/dev/null", O_RDONLY);
  {
    extern __typeof__(fdopen) call_fdopen;
    note_called("fdopen");
    fake_forget();
    file = call_fdopen(fd, mode);
    EXPECT_EFFECTS(fdopen, STRING(mode, 1));
    fclose(file);
  }
#define OPEN_ALL {EFFECT_RELEASE_ALL, fake_arena(), 0}
  path = text("exit 3");
  {
    extern __typeof__(popen) call_popen;
    note_called("popen");
    fake_forget();
    file = call_popen(path, mode);
    EXPECT_EFFECTS(popen, STRING(path, 6), STRING(mode, 1), OPEN_ALL);
    EXPECT_EQUAL(WEXITSTATUS(pclose(file)), 3);
  }
  GIVES(system, (path), 3 << 8, STRING(path, 6), OPEN_ALL);
}

/* ---- Descriptors ---- */

static int file_of(const char *content) {
  char path[] = "/tmp/freehold-calls-XXXXXX";
  int fd = mkstemp(path);
  EXPECT(fd >= 0 && unlink(path) == 0);
  EXPECT_EQUAL(write(fd, content, strlen(content)), strlen(content));
  lseek(fd, 0, SEEK_SET);
  return fd;
}

static void test_descriptors(void) {
  char *to = fake_object(16), *from = bytes("0123456789");
  int fd = file_of("0123456789");
  /* More is promised than there is room for, but less comes. */
#define COMES_IN(name, arguments) GIVES(name, arguments, 10, FILL(to, 16, 10))
  COMES_IN(read, (fd, to, 100));
  COMES_IN(pread, (fd, to, 16, 0));
  COMES_IN(pread64, (fd, to, 16, 0));
  COMES_IN(__pread_chk, (fd, to, 16, 0, 16));
  COMES_IN(__pread64_chk, (fd, to, 16, 0, 16));
  lseek(fd, 0, SEEK_SET);
  COMES_IN(__read_chk, (fd, to, 16, 16));
  GIVES(read, (fd, to, 16), 0, OPEN(to, 16));
  GIVES(read, (-1, to, 16), -1, OPEN(to, 16));
  EXPECT_EQUAL(errno, EBADF);
  REFUSES(1, pread, (fd, fake_object(8), 10, 0));
  REFUSES(0, pread, (fd, fake_object(8), 10, 3));
  /* Whether the file ended there or the guard stopped the kernel can't be told; too much was asked for in any case. */
  REFUSES(1, pread, (fd, fake_object(8), 10, 2));
#define GOES_OUT(name, arguments) GIVES(name, arguments, 10, READ(from, 10))
  GOES_OUT(pwrite, (fd, from, 10, 0));
  GOES_OUT(pwrite64, (fd, from, 10, 0));
  GOES_OUT(write, (fd, from, 10));
  REFUSES(1, pwrite, (fd, from, 11, 0));
  GIVES(getrandom, (to, 16, 0), 16, FILL(to, 16, 16));
  GIVES(getentropy, (to, 16), 0, FILL(to, 16, 16));
  DOES(arc4random_buf, (to, 16), WRITE(to, 16));

  struct iovec *vectors = fake_object(2 * sizeof *vectors);
  vectors[0] = (struct iovec){to, 4};
  vectors[1] = (struct iovec){to + 8, 8};
#define VECTORS READ(vectors, 2 * sizeof *vectors)
#define COMES_INTO_VECTORS(name, arguments)                                                                          \
  GIVES(name, arguments, 10, VECTORS, OPEN(to, 4), OPEN(to + 8, 8), WRITE(to, 4), WRITE(to + 8, 6))
  lseek(fd, -10, SEEK_END);
  COMES_INTO_VECTORS(readv, (fd, vectors, 2));
  ftruncate(fd, 10);
  COMES_INTO_VECTORS(preadv, (fd, vectors, 2, 0));
  COMES_INTO_VECTORS(preadv64, (fd, vectors, 2, 0));
  COMES_INTO_VECTORS(preadv2, (fd, vectors, 2, 0, 0));
  COMES_INTO_VECTORS(preadv64v2, (fd, vectors, 2, 0, 0));
#define VECTORS_GO_OUT(name, arguments) GIVES(name, arguments, 12, VECTORS, CARRY(to, 4), CARRY(to + 8, 8))
  VECTORS_GO_OUT(writev, (fd, vectors, 2));
  VECTORS_GO_OUT(pwritev, (fd, vectors, 2, 0));
  VECTORS_GO_OUT(pwritev64, (fd, vectors, 2, 0));
  VECTORS_GO_OUT(pwritev2, (fd, vectors, 2, 0, 0));
  VECTORS_GO_OUT(pwritev64v2, (fd, vectors, 2, 0, 0));
  struct iovec remote = {(char[12]){0}, 12};
  GIVES(process_vm_readv, (getpid(), vectors, 2, &remote, 1, 0), 12, OPEN_ALL, VECTORS, OPEN(to, 4), OPEN(to + 8, 8),
        WRITE(to, 4), WRITE(to + 8, 8));
  GIVES(process_vm_writev, (getpid(), vectors, 2, &remote, 1, 0), 12, VECTORS, CARRY(to, 4), CARRY(to + 8, 8),
        OPEN_ALL);

  int *ends = fake_object(2 * sizeof *ends);
  GIVES(pipe2, (ends, O_CLOEXEC), 0, FILL(ends, 8, 8));
  GIVES(pipe, (ends), 0, FILL(ends, 8, 8));
  GIVES(vmsplice, (ends[1], vectors, 2, 0), 12, VECTORS, CARRY(to, 4), CARRY(to + 8, 8), VECTORS, OPEN(to, 4),
        OPEN(to + 8, 8));
  off_t *offset = NEW(off_t);
#define MOVES_OFFSET CARRY(offset, 8), OPEN(offset, 8)
  GIVES(splice, (fd, offset, ends[1], NULL, 4, 0), 4, MOVES_OFFSET);
  *offset = 0;
  GIVES(sendfile, (ends[1], fd, offset, 4), 4, MOVES_OFFSET);
  GIVES(sendfile64, (ends[1], fd, offset, 4), 4, MOVES_OFFSET);
  *offset = 0;
  int copy = file_of("");
  GIVES(copy_file_range, (fd, offset, copy, NULL, 4, 0), 4, MOVES_OFFSET);
  int folder = open("/", O_RDONLY | O_DIRECTORY);
  char *entries = fake_object(4096);
  extern __typeof__(getdents64) call_getdents64;
  note_called("getdents64");
  fake_forget();
  ssize_t entry_bytes = call_getdents64(folder, entries, 4096);
  EXPECT(entry_bytes > 0);
  EXPECT_EFFECTS(getdents64, FILL(entries, 4096, (size_t)entry_bytes));
  close(folder);

  struct aiocb *request = NEW(struct aiocb);
  request->aio_fildes = fd;
  request->aio_buf = to;
  request->aio_nbytes = 4;
#define GOES_ON(name)                                                                                                \
  GIVES(name, ((void *)request), 0, OPEN(request, sizeof *request), OPEN(to, 4));                                    \
  while (aio_error(request) == EINPROGRESS)                                                                          \
    usleep(100);                                                                                                     \
  aio_return(request)
  GOES_ON(aio_read);
  GOES_ON(aio_read64);
  GOES_ON(aio_write);
  GOES_ON(aio_write64);
  struct aiocb *requests[] = {request};
  request->aio_lio_opcode = LIO_READ;
  GIVES(lio_listio, (LIO_WAIT, requests, 1, NULL), 0, OPEN_ALL);
  GIVES(lio_listio64, (LIO_WAIT, (void *)requests, 1, NULL), 0, OPEN_ALL);
  close(fd);
  close(copy);
}

/* Nothing is touched behind an object that the call itself does not touch, and a kernel that could not write says so. */
static void test_guards(void) {
  char *text_at_guard = memcpy(fake_object_at_guard(4), "12;x", 4);
  SAME(memchr, (text_at_guard, ';', SIZE_MAX / 2), CARRY(text_at_guard, 4), READ(text_at_guard, 3));
  SAME(strtol, (text_at_guard, NULL, 10), CARRY(text_at_guard, 4), READ(text_at_guard, 3));
  SAME(strncmp, (text_at_guard, "12;xyz", 4), CARRY(text_at_guard, 4), READ(text_at_guard, 4));
  SAME(memcmp, (text_at_guard, "12;y", 4), CARRY(text_at_guard, 4), READ(text_at_guard, 4));
  SAME(strnlen, (text_at_guard, 4), STRING(text_at_guard, 4));
  wchar_t *wide_at_guard = fake_object_at_guard(WIDE(2));
  wide_at_guard[0] = wide_at_guard[1] = L'a';
  SAME(wcsnlen, (wide_at_guard, 2), CARRY(wide_at_guard, WIDE(2)), READ(wide_at_guard, WIDE(2)));
  SAME(wcsncmp, (wide_at_guard, L"aa", 2), CARRY(wide_at_guard, WIDE(2)), READ(wide_at_guard, WIDE(2)));

  int ends[2];
  EXPECT_EQUAL(pipe(ends), 0);
  EXPECT_EQUAL(write(ends[1], "0123456789", 10), 10);
  char *small = fake_object_at_guard(4);
  GIVES(read, (ends[0], small, 10), -1, OPEN(small, 4), WRITE(small, 10));
  EXPECT_EQUAL(errno, EFAULT);
  EXPECT_EQUAL(fake.refused, 1);
  struct stat *status = fake_object_at_guard(sizeof *status - 8);
  GIVES(fstat, (ends[0], status), -1, OPEN(status, sizeof *status - 8), WRITE(status, sizeof *status));
  EXPECT_EQUAL(fake.refused, 1);
  close(ends[0]);
  close(ends[1]);
}

static void test_sockets(void) {
  int *ends = fake_object(2 * sizeof *ends);
  GIVES(socketpair, (AF_UNIX, SOCK_DGRAM, 0, ends), 0, FILL(ends, 8, 8));
  char *from = bytes("abcd"), *to = fake_object(16);
  GIVES(send, (ends[0], from, 4, 0), 4, READ(from, 4));
  GIVES(sendto, (ends[0], from, 4, 0, NULL, 0), 4, READ(from, 4));
  GIVES(recv, (ends[1], to, 16, 0), 4, FILL(to, 16, 4));
  GIVES(__recv_chk, (ends[1], to, 16, 16, 0), 4, FILL(to, 16, 4));
  /* The true length is more than the buffer got. */
  send(ends[0], from, 4, 0);
  GIVES(recv, (ends[1], to, 2, MSG_TRUNC), 4, FILL(to, 2, 2));
  send(ends[0], from, 4, 0);
  REFUSES(1, recv, (ends[1], fake_object(3), 4, 0));

  struct mmsghdr *messages = fake_object(2 * sizeof *messages);
  struct msghdr *message = &messages[0].msg_hdr;
  struct iovec *out = NEW(struct iovec), *in = NEW(struct iovec);
  *out = (struct iovec){from, 4};
  *in = (struct iovec){to, 16};
  char *control = fake_object(64);
  message->msg_iov = out;
  message->msg_iovlen = 1;
  GIVES(sendmsg, (ends[0], message, 0), 4, CARRY(message, sizeof *message), READ(out, sizeof *out), CARRY(from, 4));
  GIVES(sendmmsg, (ends[0], messages, 1, 0), 1, CARRY(messages, sizeof *messages), OPEN(messages, sizeof *messages),
        CARRY(message, sizeof *message), READ(out, sizeof *out), CARRY(from, 4));
  message->msg_iov = in;
  message->msg_control = control;
  message->msg_controllen = 64;
  GIVES(recvmsg, (ends[1], message, 0), 4, CARRY(message, sizeof *message), OPEN(message, sizeof *message),
        OPEN(control, 64), READ(in, sizeof *in), OPEN(to, 16), WRITE(to, 4));
  message->msg_control = NULL;
  message->msg_controllen = 0;
  GIVES(recvmmsg, (ends[1], messages, 1, 0, NULL), 1, CARRY(messages, sizeof *messages),
        OPEN(messages, sizeof *messages), CARRY(message, sizeof *message), OPEN(message, sizeof *message),
        READ(in, sizeof *in), OPEN(to, 16), WRITE(to, 4));
  close(ends[0]);
  close(ends[1]);

  struct sockaddr_in *address = NEW(struct sockaddr_in);
  socklen_t *length = NEW(socklen_t);
  *length = sizeof *address;
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int listener = socket(AF_INET, SOCK_STREAM, 0), client, server;
#define ADDRESS_COMES READ(length, 4), OPEN(length, 4), FILL(address, sizeof *address, sizeof *address)
  GIVES(bind, (listener, (struct sockaddr *)address, sizeof *address), 0, READ(address, sizeof *address));
  listen(listener, 2);
  GIVES(getsockname, (listener, (struct sockaddr *)address, length), 0, ADDRESS_COMES);
  client = socket(AF_INET, SOCK_STREAM, 0);
  GIVES(connect, (client, (struct sockaddr *)address, sizeof *address), 0, READ(address, sizeof *address));
#define ACCEPTS(name, arguments)                                                                                     \
  do {                                                                                                               \
    extern __typeof__(name) call_##name;                                                                             \
    note_called(#name);                                                                                              \
    fake_forget();                                                                                                   \
    server = call_##name arguments;                                                                                  \
    EXPECT(server >= 0);                                                                                             \
    EXPECT_EFFECTS(name, ADDRESS_COMES);                                                                             \
  } while (0)
  ACCEPTS(accept, (listener, (struct sockaddr *)address, length));
  GIVES(getpeername, (server, (struct sockaddr *)address, length), 0, ADDRESS_COMES);
  close(client);
  close(server);
  GIVES(getsockname, (listener, (struct sockaddr *)address, length), 0, ADDRESS_COMES);
  client = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQUAL(connect(client, (struct sockaddr *)address, sizeof *address), 0);
  ACCEPTS(accept4, (listener, (struct sockaddr *)address, length, SOCK_CLOEXEC));
  int *value = NEW(int);
  *value = 1;
  GIVES(setsockopt, (client, SOL_SOCKET, SO_KEEPALIVE, value, sizeof *value), 0, READ(value, 4));
  *length = sizeof *value;
  GIVES(getsockopt, (client, SOL_SOCKET, SO_KEEPALIVE, value, length), 0, READ(length, 4), OPEN(length, 4),
        FILL(value, 4, 4));
  close(client);
  close(server);
  close(listener);

  int sender = socket(AF_INET, SOCK_DGRAM, 0), receiver = socket(AF_INET, SOCK_DGRAM, 0);
  address->sin_port = 0;
  bind(receiver, (struct sockaddr *)address, sizeof *address);
  *length = sizeof *address;
  getsockname(receiver, (struct sockaddr *)address, length);
  for (int i = 0; i < 2; i++)
    GIVES(sendto, (sender, from, 4, 0, (struct sockaddr *)address, sizeof *address), 4, READ(from, 4),
          CARRY(address, sizeof *address));
#define COMES_FROM                                                                                                   \
  OPEN(to, 16), READ(length, 4), OPEN(length, 4), OPEN(address, sizeof *address), WRITE(to, 4),                      \
      WRITE(address, sizeof *address)
  GIVES(recvfrom, (receiver, to, 16, 0, (struct sockaddr *)address, length), 4, COMES_FROM);
  GIVES(__recvfrom_chk, (receiver, to, 16, 16, 0, (struct sockaddr *)address, length), 4, COMES_FROM);
  close(sender);
  close(receiver);
}

static void test_waiting(void) {
  int ends[2];
  EXPECT_EQUAL(pipe(ends), 0);
  EXPECT_EQUAL(write(ends[1], "x", 1), 1);
  struct pollfd *waits = NEW(struct pollfd);
  struct timespec *timeout = NEW(struct timespec);
  sigset_t *mask = NEW(sigset_t);
  *waits = (struct pollfd){ends[0], POLLIN, 0};
#define POLLS CARRY(waits, sizeof *waits), OPEN(waits, sizeof *waits)
  GIVES(poll, (waits, 1, 0), 1, POLLS);
  GIVES(__poll_chk, (waits, 1, 0, sizeof *waits), 1, POLLS);
  GIVES(ppoll, (waits, 1, timeout, mask), 1, POLLS, READ(timeout, 16), OPEN(mask, sizeof *mask));
  GIVES(__ppoll_chk, (waits, 1, timeout, mask, sizeof *waits), 1, POLLS, READ(timeout, 16), OPEN(mask, sizeof *mask));
  REFUSES(1, poll, (waits, 2, 0));
  fd_set *set = fake_object(8); /* as large as few descriptors need */
  struct timeval *period = NEW(struct timeval);
  *(long *)(void *)set = 1l << ends[0];
  GIVES(select, (ends[0] + 1, set, NULL, NULL, period), 1, CARRY(set, 8), OPEN(set, 8), CARRY(period, 16),
        OPEN(period, 16));
  GIVES(pselect, (ends[0] + 1, set, NULL, NULL, timeout, mask), 1, CARRY(set, 8), OPEN(set, 8), READ(timeout, 16),
        OPEN(mask, sizeof *mask));
  int epoll = epoll_create1(0);
  struct epoll_event *event = NEW(struct epoll_event), *events = fake_object(4 * sizeof *events);
  event->events = EPOLLIN;
  GIVES(epoll_ctl, (epoll, EPOLL_CTL_ADD, ends[0], event), 0, CARRY(event, sizeof *event));
#define EVENTS_COME OPEN(events, 4 * sizeof *events)
  GIVES(epoll_wait, (epoll, events, 4, 0), 1, EVENTS_COME, WRITE(events, sizeof *events));
  GIVES(epoll_pwait, (epoll, events, 4, 0, mask), 1, EVENTS_COME, OPEN(mask, sizeof *mask),
        WRITE(events, sizeof *events));
  extern __typeof__(epoll_pwait2) call_epoll_pwait2;
  note_called("epoll_pwait2");
  fake_forget();
  if (call_epoll_pwait2(epoll, events, 4, timeout, mask) == 1)
    EXPECT_EFFECTS(epoll_pwait2, EVENTS_COME, READ(timeout, 16), OPEN(mask, sizeof *mask),
                   WRITE(events, sizeof *events));
  close(epoll);
  close(ends[0]);
  close(ends[1]);

  int queue = msgget(IPC_PRIVATE, 0600);
  long *message = fake_object(2 * sizeof *message);
  message[0] = 1;
  if (queue >= 0) {
    GIVES(msgsnd, (queue, message, 8, 0), 0, CARRY(message, 16));
    GIVES(msgrcv, (queue, message, 8, 0, 0), 8, FILL(message, 16, 16));
    msgctl(queue, IPC_RMID, NULL);
  }
  unsigned *priority = NEW(unsigned);
  GIVES(mq_send, (-1, (char *)message, 8, 1), -1, READ(message, 8));
  GIVES(mq_receive, (-1, (char *)message, 8, priority), -1, OPEN(message, 8), OPEN(priority, 4));
  struct sembuf *operation = NEW(struct sembuf);
  GIVES(semop, (-1, operation, 1), -1, READ(operation, sizeof *operation));
}

/* ---- Paths ---- */

static void test_paths(void) {
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

/* ---- The system ---- */

static void test_system(void) {
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

static void test_programs(void) {
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
  GIVES(syscall, (SYS_write, ends[1], name, 5l, 0, 0, 0), 5, OPEN(name, 1));
  struct iovec *vector = NEW(struct iovec);
  *vector = (struct iovec){name, 5};
  GIVES(syscall, (SYS_writev, ends[1], vector, 1l, 0, 0, 0), 5, OPEN(vector, 1), OPEN_ALL);
  GIVES(syscall, (SYS_getpid, 0, 0, 0, 0, 0, 0), getpid());
  GIVES(syscall, (SYS_close, -1, 0, 0, 0, 0, 0), -1);
  EXPECT_EQUAL(errno, EBADF);
  close(ends[0]);
  close(ends[1]);
}

/* ---- All of them ---- */

/* The reports' stacks begin in the program. */
__attribute__((noinline)) static void test_place(void) {
  extern __typeof__(memset) call_memset;
  extern __typeof__(snprintf) call_snprintf;
  extern __typeof__(read) call_read;
  char *object = fake_object(16);
  Dl_info info;
#define COMES_FROM_HERE(call)                                                                                        \
  fake_forget();                                                                                                     \
  call;                                                                                                              \
  EXPECT(fake.pc > (uintptr_t)test_place && fake.pc < (uintptr_t)test_place + 4096 &&                                \
         dladdr((void *)fake.pc, &info) != 0)
  COMES_FROM_HERE(call_memset(object, 0, 16));
  COMES_FROM_HERE(call_snprintf(object, 16, "%d", 1));
  COMES_FROM_HERE(call_read(open("/dev/zero", O_RDONLY), object, 16));
}

/* A thread that waits in read can be cancelled. */
static void *wait_for_input(void *end) {
  extern __typeof__(read) call_read;
  call_read(*(int *)end, fake_object(4), 4);
  return NULL;
}

static void test_cancellation(void) {
  int ends[2];
  EXPECT_EQUAL(pipe(ends), 0);
  pthread_t thread;
  void *result;
  EXPECT_EQUAL(pthread_create(&thread, NULL, wait_for_input, &ends[0]), 0);
  EXPECT_EQUAL(pthread_cancel(thread), 0);
  EXPECT_EQUAL(pthread_join(thread, &result), 0);
  EXPECT(result == PTHREAD_CANCELED);
  close(ends[0]);
  close(ends[1]);
}

/* What must not be tried on a machine that is used, or is called like one above, with the same body. */
static const char *const not_called[] = {"chroot",  "acct",   "mount",      "umount",
                                         "umount2", "swapon", "pivot_root", "setgroups"};

static void test_all_were_called(void) {
  size_t missed = 0, all = 0;
  const struct call *call;
  for (; (call = calls_at(all)) != NULL; all++) {
    bool known = was_called(call->name) || dlsym(RTLD_DEFAULT, call->name) == NULL;
    for (size_t i = 0; i < ARRAY_COUNT(not_called); i++)
      known |= strcmp(not_called[i], call->name) == 0;
    if (!known) {
      fprintf(stderr, "no test calls %s\n", call->name);
      missed++;
    }
  }
  EXPECT_EQUAL(missed, 0);
  EXPECT(all > 300);
}

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "names") == 0) {
    const struct call *call;
    for (size_t i = 0; (call = calls_at(i)) != NULL; i++)
      puts(call->name);
    return 0;
  }
  test_memory();
  test_strings();
  test_numbers();
  test_wide();
  test_print();
  test_scan();
  test_files();
  test_descriptors();
  test_guards();
  test_sockets();
  test_waiting();
  test_paths();
  test_system();
  test_programs();
  test_place();
  test_cancellation();
  test_all_were_called();
  return 0;
}
