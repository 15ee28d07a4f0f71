/*
 * gc_pthread_redirects.h: with GC_THREADS defined, the thread functions of POSIX become calls of these. They do the same
 * and keep count of threads for GC_thread_is_registered; threads made without them are found just as well. With
 * GC_NO_THREAD_REDIRECTS they are declared only.
 */
#ifndef GC_PTHREAD_REDIRECTS_H
#define GC_PTHREAD_REDIRECTS_H

#include "gc_config_macros.h"

#ifndef GC_PTHREAD_REDIRECTS_ONLY
#include <pthread.h>
#include <signal.h>
#ifndef GC_NO_DLOPEN
#include <dlfcn.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

#ifndef GC_SUSPEND_THREAD_ID
#define GC_SUSPEND_THREAD_ID pthread_t
#endif

#ifndef GC_NO_DLOPEN
/* dlopen, with collections put off meanwhile. */
GC_API void *GC_dlopen(const char *path, int mode);
#endif
/* pthread_sigmask that never blocks the signal of GC_get_suspend_signal. */
#if !defined(GC_NO_PTHREAD_SIGMASK) && defined(SIG_BLOCK)
GC_API int GC_pthread_sigmask(int how, const sigset_t *set, sigset_t *old_set);
#endif
GC_API int GC_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                             void *argument);
GC_API int GC_pthread_join(pthread_t thread, void **result);
GC_API int GC_pthread_detach(pthread_t thread);
#ifndef GC_NO_PTHREAD_CANCEL
GC_API int GC_pthread_cancel(pthread_t thread);
#endif
#ifndef GC_PTHREAD_EXIT_DECLARED
#define GC_PTHREAD_EXIT_DECLARED
GC_API void GC_pthread_exit(void *result) GC_PTHREAD_EXIT_ATTRIBUTE;
#endif

#ifdef __cplusplus
}
#endif
#endif

#if !defined(GC_NO_THREAD_REDIRECTS) && !defined(GC_USE_LD_WRAP)
#undef pthread_create
#undef pthread_join
#undef pthread_detach
#define pthread_create GC_pthread_create
#define pthread_join   GC_pthread_join
#define pthread_detach GC_pthread_detach
#ifndef GC_NO_PTHREAD_SIGMASK
#undef pthread_sigmask
#define pthread_sigmask GC_pthread_sigmask
#endif
#ifndef GC_NO_DLOPEN
#undef dlopen
#define dlopen GC_dlopen
#endif
#ifndef GC_NO_PTHREAD_CANCEL
#undef pthread_cancel
#define pthread_cancel GC_pthread_cancel
#endif
#undef pthread_exit
#define pthread_exit GC_pthread_exit
#endif

#endif
