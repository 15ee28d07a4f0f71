/* A library whose data may keep an object. */
#include <stdint.h>

static uintptr_t initialized = 1, zeroed;
static _Thread_local uintptr_t local;

uintptr_t *library_word(int which);

uintptr_t *library_word(int which) {
  return which == 0 ? &initialized : which == 1 ? &zeroed : &local;
}
