/*
 * collected_slot.h: what a program's collected memory is like when it is given out: empty.
 *
 * An object that its program never fills in, or not at once, would otherwise hold what its slot held for an earlier
 * owner. The collector takes that for references; as programs take slots in the same order again and again, objects that
 * are lost come to keep each other in chains that have no end (Boehm, Space Efficient Conservative Garbage Collection,
 * PLDI 1993, and its "Bounding Space Usage of Conservative Garbage Collectors", POPL 2002).
 */
#ifndef FREEHOLD_HEAP_COLLECTED_SLOT_H
#define FREEHOLD_HEAP_COLLECTED_SLOT_H

#include "heap/collected.h"

#include <string.h>

/* Above this the C library clears faster. */
#define ZEROED_INLINE 128u

/* Slots are multiples of 16 and mostly short: a call, or one of the processor's string instructions, would cost more than
 * the stores. */
ALWAYS_INLINE void *zeroed_slot(void *object, size_t bytes) {
  if (UNLIKELY(bytes > ZEROED_INLINE))
    return memset(object, 0, bytes);
  typedef long long pair __attribute__((vector_size(16), may_alias));
  char *at = object;
  do {
    *(pair *)(void *)at = (pair){0, 0};
    at += sizeof(pair);
    __asm__("" : "+r"(at)); /* or the compiler makes one of them of the loop */
  } while (at < (char *)object + bytes);
  return object;
}

/* A slot of a thread's heap of scanned objects, as the program gets it. */
ALWAYS_INLINE void *slot_to_give(void *object, size_t bytes) {
  return COLLECTED ? zeroed_slot(object, bytes) : object;
}

#endif
