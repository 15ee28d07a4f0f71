/*
 * fake_world.h: objects of a test's own, in a stretch that is no root, for marking without a heap.
 *
 * A test must not hold an object's address where marking sees it, but for the place it tests. So addresses are handed
 * around hidden: as their complement.
 */
#ifndef FREEHOLD_TESTS_FAKE_WORLD_H
#define FREEHOLD_TESTS_FAKE_WORLD_H

#include "../api/expect.h"
#include "reach/reach.h"

#include <sys/mman.h>

typedef uintptr_t hidden;

struct fake_object {
  uintptr_t start;
  size_t bytes;
  uint8_t mark;
};

extern struct reach_world fake_world;

/* A zeroed object; objects have at least 16 bytes between them. */
hidden fake_object(size_t bytes);
/* An object may not start in the middle of another's pages: it has whole pages of its own. */
hidden fake_object_on_pages(size_t bytes);
size_t fake_count(void);
struct fake_object *fake_number(size_t index);
struct fake_object *fake_of(hidden object);
void fake_forget_all(void);
void fake_clear_marks(void);

/* Writes the address of an object, plus `offset`, to `place`; so that it is nowhere else. */
void fake_point(void *place, hidden object, ptrdiff_t offset);
/* Writes it into an object, at `at`. */
void fake_link(hidden from, size_t at, hidden to);
void fake_unlink(hidden from, size_t at);

/* Whether marking from the calling thread's state reaches the object; stops the other threads. */
bool fake_reached(hidden object);

/* Says on standard error what keeps an object that nothing should keep. */
void fake_explain(hidden object);

/* Overwrites what calls have left below the stack pointer. */
void fake_scrub(void);

#endif
