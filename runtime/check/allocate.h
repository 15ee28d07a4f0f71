/*
 * allocate.h: what the api's names do in the checking library: allocate with a record, free with questions asked.
 *
 * Functions keep errno and return NULL for no memory. `place` is where the program called.
 */
#ifndef FREEHOLD_CHECK_ALLOCATE_H
#define FREEHOLD_CHECK_ALLOCATE_H

#include "check/object.h"

struct check_request {
  const char *call; /* "malloc" */
  struct stack_place place;
  size_t bytes;
  size_t alignment; /* a power of two */
  enum fh_family family;
  bool zeroed;
};

void *check_allocate(const struct check_request *request);

/* Reports `count` times `bytes` bytes as what nobody can have wanted. */
void check_impossible_size(const char *call, struct stack_place place, size_t count, size_t bytes);

/* Frees `pointer`, which is not NULL, or says what is wrong with that. */
void check_free(const char *call, struct stack_place place, void *pointer, enum fh_family family);

/* The same when the program says a size too: it must be the one that was asked for. SIZE_MAX: it says none. */
void check_free_sized(const char *call, struct stack_place place, void *pointer, enum fh_family family, size_t bytes);

/* realloc for pointer != NULL and bytes > 0. */
void *check_reallocate(const char *call, struct stack_place place, void *pointer, size_t bytes);

/* Copies bytes from one object to another, and what is known of them: which were written. Both are live, and start so. */
void check_carry(void *from, void *to, size_t bytes);

/* The bytes the program may use: those it asked for. Reports a pointer that is no live object's start. */
size_t check_usable_bytes(struct stack_place place, void *pointer);

/* new[] and delete[] go through new and delete, which a program may have replaced. An object of new's becomes one of
 * new[]'s; before delete[] hands it on it is new's again, or was no array, which is reported. Objects of another make stay
 * as they are. */
void check_make_array(void *pointer);
void check_unmake_array(struct stack_place place, void *pointer);
/* Reports a size given to a delete of `family` that isn't the object's; what another family has made, the free will say. */
void check_size(struct stack_place place, void *pointer, enum fh_family family, size_t bytes);

/* Every fence and every freed object that waits is looked at, now. The other threads are stopped meanwhile. */
void check_fences(struct stack_place place);

/* The same in a copy of the process, for request_answers: what is found goes to the sink, and says nothing of who
 * looked. Takes no lock. */
struct report_sink;
void check_fences_in_copy(struct report_sink *sink);

/* What to sum up at the end. Read only. */
struct check_totals {
  uint64_t allocations, allocated_bytes, frees, guarded, fenced, failed_on_order;
  uint64_t live_objects, live_bytes, peak_live_bytes;
};
struct check_totals check_totals_read(void);
/* A thread ends: what it has counted is added to them. */
void check_totals_add(void);

#endif
