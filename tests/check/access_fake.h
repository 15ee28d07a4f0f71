/*
 * access_fake.h: a stand-in for check/access.h that knows a few objects and writes down what it is asked.
 *
 * The objects lie in an arena, a stretch of memory that poses as the guarded one; what is asked about other memory
 * isn't written down. Compiled with FAKE_EVERYWHERE all of memory poses as guarded, and nothing is written down:
 * every wrapper then goes its long way on every call.
 */
#ifndef FREEHOLD_TESTS_ACCESS_FAKE_H
#define FREEHOLD_TESTS_ACCESS_FAKE_H

#include <stdbool.h>
#include <stddef.h>

enum effect_kind {
  EFFECT_NONE,
  EFFECT_READ,
  EFFECT_CARRY,
  EFFECT_WRITE,
  EFFECT_STRING,
  EFFECT_OVERLAP,
  EFFECT_RELEASE,
  EFFECT_RELEASE_ALL
};

struct effect {
  enum effect_kind kind;
  const void *address;
  size_t bytes; /* of a string: its length */
};

enum { FAKE_EFFECTS_MOST = 64 };

struct fake {
  struct effect effects[FAKE_EFFECTS_MOST];
  size_t count;
  size_t refused;   /* how many of them were not allowed */
  const char *call; /* who asked last */
  unsigned long pc; /* from where */
};

extern struct fake fake;

/* A new object of the arena, zeroed, far from the others. */
void *fake_object(size_t bytes);
/* One that ends where a page begins that can't be touched. */
void *fake_object_at_guard(size_t bytes);
void fake_forget(void);
/* What a release of everything is noted with. */
const void *fake_arena(void);

#endif
