/*
 * calls.c: finding the real functions.
 */
#include "api/calls.h"
#include "api/calls_own.h"
#include "base/print.h"

#include <dlfcn.h>

/* The linker makes these two names for the section that the wrappers' entries stand in. */
INTERNAL extern struct call __start_freehold_calls[], __stop_freehold_calls[];

const struct call *calls_at(size_t number) {
  return number < (size_t)(__stop_freehold_calls - __start_freehold_calls) ? &__start_freehold_calls[number] : NULL;
}

/* NULL when the C library has no such function; the loader then keeps a message for dlerror. */
static void *look_up(struct call *call) {
  /* Old programs ask for the memcpy of before glibc 2.14, which allows overlap; the wrapper answers for both versions, and
   * to the others memmove is a memcpy. */
  void *real = dlsym(RTLD_NEXT, own_strcmp(call->name, "memcpy") == 0 ? "memmove" : call->name);
#if defined(__GLIBC__) && defined(__x86_64__)
  if (real == NULL) /* names for old programs alone */
    real = dlvsym(RTLD_NEXT, call->name, "GLIBC_2.2.5");
#endif
  if (real != NULL)
    __atomic_store_n(&call->real, real, __ATOMIC_RELEASE);
  return real;
}

COLD void *call_find(struct call *call) {
  int saved_errno = errno;
  void *real = look_up(call);
  if (real == NULL) {
    warn("the program calls ", call->name, ", which the C library here does not have", NULL);
    die();
  }
  errno = saved_errno;
  return real;
}

void calls_start(void) {
  int saved_errno = errno;
  bool missing = false;
  for (struct call *call = __start_freehold_calls; call < __stop_freehold_calls; call++)
    missing |= call->real == NULL && look_up(call) == NULL;
  /* The message of a failed search is not the program's: the first call takes it, the second frees it. */
  if (missing && dlerror() != NULL)
    (void)dlerror();
  errno = saved_errno;
}

/* As early as constructors go: until then every call finds its own function. */
__attribute__((constructor(101))) static void start(void) {
  calls_start();
}
