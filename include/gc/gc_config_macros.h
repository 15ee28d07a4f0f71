/*
 * gc_config_macros.h: attributes, and what a program may define before it includes gc.h.
 *
 *   GC_THREADS              makes gc.h include <pthread.h> and turn pthread_create and its kin into the GC_ functions
 *   GC_NO_THREAD_REDIRECTS  with GC_THREADS: declares them without turning
 *   GC_DEBUG                the upper-case names become calls of the GC_debug_ functions
 */
#ifndef GC_CONFIG_MACROS_H
#define GC_CONFIG_MACROS_H

#include <stddef.h>

#if !defined(GC_THREADS) && (defined(GC_LINUX_THREADS) || defined(LINUX_THREADS) || defined(GC_PTHREADS))
#define GC_THREADS
#endif
#ifdef GC_THREADS
#ifndef GC_LINUX_THREADS
#define GC_LINUX_THREADS
#endif
#ifndef GC_PTHREADS
#define GC_PTHREADS
#endif
#ifndef _REENTRANT
#define _REENTRANT 1
#endif
#endif

#if defined(__GNUC__) && defined(__GNUC_MINOR__)
#define GC_GNUC_PREREQ(major, minor) ((__GNUC__ << 16) + __GNUC_MINOR__ >= ((major) << 16) + (minor))
#else
#define GC_GNUC_PREREQ(major, minor) 0
#endif

#ifndef GC_API
#define GC_API extern
#endif
#ifndef GC_CALL
#define GC_CALL
#endif
#ifndef GC_CALLBACK
#define GC_CALLBACK GC_CALL
#endif

#if defined(__GNUC__) || defined(__clang__)
#define GC_ATTR_CALLOC_SIZE(count, size) __attribute__((__alloc_size__(count, size)))
#ifndef GC_ATTR_ALLOC_SIZE
#define GC_ATTR_ALLOC_SIZE(argument) __attribute__((__alloc_size__(argument)))
#endif
#ifndef GC_ATTR_NONNULL
#define GC_ATTR_NONNULL(argument) __attribute__((__nonnull__(argument)))
#endif
#ifndef GC_ATTR_CONST
#define GC_ATTR_CONST __attribute__((__const__))
#endif
/* An oom function may return an object that others know: define GC_OOM_FUNC_RETURNS_ALIAS then. */
#ifndef GC_ATTR_MALLOC
#ifdef GC_OOM_FUNC_RETURNS_ALIAS
#define GC_ATTR_MALLOC
#else
#define GC_ATTR_MALLOC __attribute__((__malloc__))
#endif
#endif
#ifndef GC_ATTR_DEPRECATED
#if defined(GC_BUILD) || defined(GC_NO_DEPRECATION)
#define GC_ATTR_DEPRECATED
#else
#define GC_ATTR_DEPRECATED __attribute__((__deprecated__))
#endif
#endif
#else
#define GC_ATTR_CALLOC_SIZE(count, size)
#define GC_ATTR_ALLOC_SIZE(argument)
#define GC_ATTR_NONNULL(argument)
#define GC_ATTR_CONST
#define GC_ATTR_MALLOC
#define GC_ATTR_DEPRECATED
#endif

#ifdef __cplusplus
#if __cplusplus >= 201103L
#define GC_NOEXCEPT noexcept
#define GC_ATTR_EXPLICIT
#else
#define GC_NOEXCEPT throw()
#define GC_ATTR_EXPLICIT
#endif
#endif

/* Where gc.h redirects, this is what it says of them. */
#define GC_PTHREAD_CREATE_CONST const
#define GC_HAVE_PTHREAD_EXIT
#define GC_PTHREAD_EXIT_ATTRIBUTE __attribute__((__noreturn__))

#endif
