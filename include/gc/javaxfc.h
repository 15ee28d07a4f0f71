/*
 * javaxfc.h: for runtimes of languages with unordered finalizers.
 */
#ifndef GC_JAVAXFC_H
#define GC_JAVAXFC_H

#include "gc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Calls all finalizers that are registered, whether their objects are reachable or not, until none is left. */
GC_API void GC_CALL GC_finalize_all(void);

#ifdef GC_THREADS
#include <pthread.h>
/* A thread stands still, and what it holds stays reachable, until the one call of GC_resume_thread; not the calling one. */
GC_API void GC_CALL GC_suspend_thread(pthread_t thread);
GC_API void GC_CALL GC_resume_thread(pthread_t thread);
GC_API int GC_CALL GC_is_thread_suspended(pthread_t thread);
#endif

#ifdef __cplusplus
}
#endif

#endif
