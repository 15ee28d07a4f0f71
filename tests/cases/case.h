/*
 * case.h: what every case starts with. A case is compiled twice: with BAD=1 it makes the error its head announces, with
 * BAD=0 it is the clean twin. `tests/cases/README.md` has the words of the head.
 */
#ifndef FREEHOLD_CASE_H
#define FREEHOLD_CASE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef BAD
#error "compile with -DBAD=1 or -DBAD=0; run.py does"
#endif

#define NOINLINE __attribute__((noinline, noclone))

/* The same value, but the compiler doesn't know it any more: it can neither see nor remove the error. */
static inline void *opaque(const void *pointer) {
  void *result = (void *)pointer;
  __asm__ volatile("" : "+r"(result) : : "memory");
  return result;
}
static inline size_t opaque_size(size_t size) {
  __asm__ volatile("" : "+r"(size) : : "memory");
  return size;
}

/* Overwrites what calls that have returned left on the stack, so that no forgotten pointer keeps a lost object alive. */
static inline NOINLINE void clear_stack(void) {
  volatile char old[65536];
  for (size_t i = 0; i < sizeof old; i++) {
    old[i] = 0;
  }
}

#endif
