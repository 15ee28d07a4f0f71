/*
 * misuse.h: what a program is told when it gives the heap a pointer that is not the heap's to take. Reports allocate
 * nothing. With the option on_misuse=abort, the default, none of these functions returns.
 */
#ifndef FREEHOLD_HEAP_MISUSE_H
#define FREEHOLD_HEAP_MISUSE_H

#include "base/print.h"

/* `call` is the function the program called, e.g. "free". */

/* The object at `address` was freed before. */
void misuse_double_free(const char *call, uintptr_t address, size_t object_bytes);
/* `address` is no object of the heap: says what it looks like instead. */
void misuse_bad_pointer(const char *call, uintptr_t address);
/* free_sized and its kin: the object at `address` can't be of `claimed` bytes. */
void misuse_wrong_size(const char *call, uintptr_t address, size_t claimed, size_t object_bytes);
/* fh_heap_free: the object belongs to another heap. */
void misuse_wrong_heap(const char *call, uintptr_t address, size_t object_bytes, const char *owner_name);
/* free, realloc: the object at `address` is of a vault that isn't open. */
void misuse_closed_heap(const char *call, uintptr_t address);

/* Adds what an address that is not the heap's looks like: "on the stack: ...". Async-signal-safe. */
void misuse_describe_foreign(struct text *text, uintptr_t address);

#endif
