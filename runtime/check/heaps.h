/*
 * heaps.h: heaps of one's own under the checker (include/freehold.h, fh_heap_create). Their objects are checked as
 * malloc's are, each with its record; a heap is a list of them. What fh_heap_destroy frees is known as freed by it.
 *
 * A heap's handle, what the program has, is an object of its own without content: one that is used after the heap was
 * destroyed is reported, and so is one that is lost. The objects of a heap are kept by its handle: as long as the program
 * can reach that, none of them is lost.
 *
 * A heap that can be closed has its objects in a vault (heap/vault.h), without records: what is closed can't be fenced. Its
 * handle is checked as any.
 *
 * Thread-safe. Functions return NULL for no memory; errno is the caller's. `place` is where the program called.
 */
#ifndef FREEHOLD_CHECK_HEAPS_H
#define FREEHOLD_CHECK_HEAPS_H

#include "check/allocate.h"
#include "reach/reach.h"

enum { HEAP_NAME_BYTES = 32 };

struct heaps_wish {
  size_t limit_bytes; /* 0: none */
  bool zeroed;
  const char *name;    /* may be NULL */
  struct vault *vault; /* of a heap that can be closed: made by the caller; else NULL */
};

/* A new heap's handle. */
void *heaps_create(struct stack_place place, const struct heaps_wish *wish);
/* Frees the objects and the handle; what is no handle is reported. */
void heaps_destroy(struct stack_place place, void *handle);

/* An object of the heap; zeroed if the request or the heap says so. The request's family is not looked at. */
void *heaps_allocate(void *handle, const struct check_request *request);
/* realloc of an object of any heap, within its heap; NULL also when it is no heap's. */
void *heaps_reallocate(const char *call, struct stack_place place, void *pointer, size_t bytes);
/* Whether `pointer` is of this heap; reports what is of another one. */
bool heaps_owns(const char *call, struct stack_place place, void *handle, void *pointer);

/* The vault of a handle: *is_heap says whether it is one at all, and if not, that was reported as done by `call`. */
struct vault *heaps_vault(const char *call, struct stack_place place, void *handle, bool *is_heap);

struct heaps_totals {
  size_t live_objects, live_bytes, held_bytes, limit_bytes;
};
/* False when it is no handle. */
bool heaps_count(struct stack_place place, void *handle, struct heaps_totals *totals);

/* The object or handle at `start` was freed, by whomever. */
void heaps_forget(uintptr_t start);

/* After reach_mark: marks what the marked handles keep, and what that keeps. Takes no lock. */
void heaps_mark(const struct reach_world *world, uint8_t mark);

void heaps_before_fork(void);
void heaps_after_fork(bool in_child);

#endif
