/*
 * calls_own.h: the few functions of libc that the library needs without its own wrappers around them.
 *
 * They do the wrappers' work while the real functions are not known: they need no relocation, no thread-local storage and
 * nothing of libc. And the other rooms get them wherever they, or the compiler on their behalf, call memcpy and its kin:
 * the library is linked with --wrap for each of these names (runtime/CMakeLists.txt), so that what the checker itself
 * does to the heap's memory is never checked.
 */
#ifndef FREEHOLD_API_CALLS_OWN_H
#define FREEHOLD_API_CALLS_OWN_H

#include "base/bits.h"

/* --wrap sends a call of NAME to __wrap_NAME. */
#define OWN(type, name, parameters) type own_##name parameters __asm__("__wrap_" #name) INTERNAL;

OWN(void *, memcpy, (void *to, const void *from, size_t bytes))
OWN(void *, memmove, (void *to, const void *from, size_t bytes))
OWN(void *, mempcpy, (void *to, const void *from, size_t bytes))
OWN(void *, memset, (void *to, int byte, size_t bytes))
OWN(int, memcmp, (const void *left, const void *right, size_t bytes))
OWN(int, bcmp, (const void *left, const void *right, size_t bytes))
OWN(void *, memchr, (const void *memory, int byte, size_t bytes))
OWN(size_t, strlen, (const char *string))
OWN(size_t, strnlen, (const char *string, size_t most))
OWN(char *, strcpy, (char *to, const char *from))
OWN(char *, stpcpy, (char *to, const char *from))
OWN(char *, strncpy, (char *to, const char *from, size_t bytes))
OWN(char *, strcat, (char *to, const char *from))
OWN(int, strcmp, (const char *left, const char *right))
OWN(int, strncmp, (const char *left, const char *right, size_t most))
OWN(char *, strchr, (const char *string, int byte))
OWN(char *, strrchr, (const char *string, int byte))
OWN(size_t, strspn, (const char *string, const char *set))
OWN(size_t, strcspn, (const char *string, const char *set))
OWN(char *, strstr, (const char *string, const char *wanted))

#undef OWN
#endif
