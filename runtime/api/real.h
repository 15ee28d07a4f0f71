/* real.h: the function that this library's name stands in front of. */
#ifndef FREEHOLD_API_REAL_H
#define FREEHOLD_API_REAL_H

#include <dlfcn.h>

/* REAL(int, close, (int)) defines real_close(), which gives the next definition of close behind this library's. */
#define REAL(result, name, parameters)                                                                               \
  static result(*real_##name(void)) parameters {                                                                     \
    static result(*found) parameters;                                                                                \
    if (__builtin_expect(found == 0, 0))                                                                             \
      found = (result(*) parameters)dlsym(RTLD_NEXT, #name);                                                         \
    return found;                                                                                                    \
  }

#endif
