/*
 * calls_test.h: what the tests of the wrappers share. GIVES and its kin call a wrapper as call_NAME, and compare what it
 * asks access_fake.h with what it should.
 */
#ifndef FREEHOLD_TEST_CALLS_H
#define FREEHOLD_TEST_CALLS_H

#include "access_fake.h"
#include "expect.h"

#include <poll.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <wchar.h>

/* The tests of each family. */
void test_memory(void);
void test_strings(void);
void test_numbers(void);
void test_wide(void);
void test_print(void);
void test_scan(void);
void test_files(void);
void test_descriptors(void);
void test_guards(void);
void test_sockets(void);
void test_waiting(void);
void test_paths(void);
void test_system(void);
void test_programs(void);

/* A name that a test calls. */
void note_called(const char *name);

void expect_effects(const char *file, int line, const char *name, const struct effect *wanted, size_t count);
void expect_caller(const char *file, int line, const char *name);

/* An object that holds exactly this; one that holds it without an end. */
char *text(const char *string);
char *bytes(const char *string);
wchar_t *wide_text(const wchar_t *string);
/* A file with this content, read from its beginning; it has no name any more. */
int file_of(const char *content);
/* What comes between them on standard output is not seen. */
void output_off(void);
void output_on(void);

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
    expect_effects(__FILE__, __LINE__, #name, wanted + 1, ARRAY_COUNT(wanted) - 1);                                  \
  } while (0)
#define ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The wrapper gives `value`, and leaves the errno that it should. Then the effects. */
#define GIVES(name, arguments, value, ...)                                                                           \
  do {                                                                                                               \
    extern __typeof__(name) call_##name;                                                                             \
    note_called(#name);                                                                                              \
    fake_forget();                                                                                                   \
    errno = 0;                                                                                                       \
    __typeof__(call_##name arguments) given = call_##name arguments;                                                 \
    expect_caller(__FILE__, __LINE__, #name);                                                                        \
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
    expect_caller(__FILE__, __LINE__, #name);                                                                        \
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

#define WIDE(count)                  ((count) * sizeof(wchar_t))
#define NEW(type)                    ((type *)fake_object(sizeof(type)))
#define WIDE_STRING(pointer, length) CARRY(pointer, WIDE((length) + 1)), READ(pointer, WIDE((length) + 1))
/* Everything that is watched. */
#define OPEN_ALL                                                                                                     \
  { EFFECT_RELEASE_ALL, fake_arena(), 0 }

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

#endif
