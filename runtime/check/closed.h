/* closed.h: objects in vaults (heap/vault.h) under the checker: they have no record, but a wrong free of one is reported
 * as any other. `place` is where the program called. */
#ifndef FREEHOLD_CHECK_CLOSED_H
#define FREEHOLD_CHECK_CLOSED_H

#include "check/allocate.h"

struct vault;

/* Whether it is a matter of the functions below: an address of some vault. */
bool closed_concerns(const void *pointer);

/* Frees an object of `vault`. Reported is what is another heap's, or no object, or is of a heap that is not open. vault
 * NULL: of a heap that has none. */
void closed_give(const char *call, struct stack_place place, struct vault *vault, void *pointer);
/* realloc of it. NULL with *failure a negated errno. */
void *closed_resize(const char *call, struct stack_place place, struct vault *vault, void *pointer, size_t bytes,
                    int *failure);

#endif
