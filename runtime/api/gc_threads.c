/*
 * gc_threads.c: what a client says of its threads. The collector finds all of them by itself; the answers are those that
 * a client written for one that doesn't expects. See gc/gc.h.
 */
#include "api/gc_api.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED char *GC_stackbottom;

/* This thread was started by GC_pthread_create, or registered. */
static __thread bool registered;

static void *stack_end(void) {
  pthread_attr_t attributes;
  void *lowest = NULL;
  size_t bytes = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0)
    return __builtin_frame_address(0);
  pthread_attr_getstack(&attributes, &lowest, &bytes);
  pthread_attr_destroy(&attributes);
  return (char *)lowest + bytes;
}

int GC_get_stack_base(struct GC_stack_base *base) {
  base->mem_base = stack_end();
  return GC_SUCCESS;
}
void *GC_get_my_stackbottom(struct GC_stack_base *base) {
  base->mem_base = stack_end();
  return (void *)pthread_self();
}
void GC_set_stackbottom(void *handle, const struct GC_stack_base *base) {
  (void)handle;
  GC_stackbottom = base->mem_base;
}
void *GC_call_with_stack_base(GC_stack_base_func function, void *data) {
  struct GC_stack_base base = {__builtin_frame_address(0)};
  return function(&base, data);
}
void GC_allow_register_threads(void) {}
int GC_thread_is_registered(void) {
  return registered || getpid() == gettid();
}
int GC_register_my_thread(const struct GC_stack_base *base) {
  (void)base;
  if (GC_thread_is_registered())
    return GC_DUPLICATE;
  registered = true;
  return GC_SUCCESS;
}
int GC_unregister_my_thread(void) {
  registered = false;
  return GC_SUCCESS;
}
void GC_register_altstack(void *stack, GC_word stack_size, void *alternate, GC_word alternate_size) {
  (void)stack, (void)stack_size, (void)alternate, (void)alternate_size;
}
void *GC_do_blocking(GC_fn_type function, void *data) {
  return collect_while_blocked(function, data);
}
void *GC_call_with_gc_active(GC_fn_type function, void *data) {
  return collect_while_active(function, data);
}

/* ---- In front of libc's ---- */

struct start {
  void *(*run)(void *);
  void *argument;
};

static void *run_registered(void *given) {
  struct start start = *(struct start *)given;
  collect_free(given);
  registered = true;
  return start.run(start.argument);
}

EXPORTED int GC_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
                               void *argument) {
  struct start *start = collect_allocate(sizeof *start, KIND_UNCOLLECTABLE);
  if (start == NULL)
    return EAGAIN;
  *start = (struct start){run, argument};
  int result = pthread_create(thread, attributes, run_registered, start);
  if (result != 0)
    collect_free(start);
  return result;
}
EXPORTED int GC_pthread_join(pthread_t thread, void **result) {
  return pthread_join(thread, result);
}
EXPORTED int GC_pthread_detach(pthread_t thread) {
  return pthread_detach(thread);
}
EXPORTED int GC_pthread_cancel(pthread_t thread) {
  return pthread_cancel(thread);
}
EXPORTED void GC_pthread_exit(void *result) {
  pthread_exit(result);
}
EXPORTED int GC_pthread_sigmask(int how, const sigset_t *set, sigset_t *old) {
  return pthread_sigmask(how, set, old);
}
EXPORTED void *GC_dlopen(const char *path, int mode) {
  return dlopen(path, mode);
}

__attribute__((constructor(104))) static void library_loaded(void) {
  if (getpid() == gettid())
    GC_stackbottom = stack_end();
}
