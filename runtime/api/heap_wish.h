/* heap_wish.h: what a program has asked fh_heap_create for, in whatever version of the struct it knows. */
#ifndef FREEHOLD_API_HEAP_WISH_H
#define FREEHOLD_API_HEAP_WISH_H

#include "freehold.h"

#include "heap/vault.h"

#include <string.h>

#define FH_HEAP_FLAGS (FH_HEAP_PROTECTED | FH_HEAP_SECRET | FH_HEAP_MAY_SWAP)

/* Copies the options, or the defaults for NULL. False when a size or a flag is unknown, or flags make no sense. */
static inline bool heap_wish_read(const struct fh_heap_options *options, struct fh_heap_options *wish) {
  memset(wish, 0, sizeof *wish);
  if (options == NULL)
    return true;
  size_t bytes = options->struct_bytes;
  if (bytes != sizeof *wish && bytes != offsetof(struct fh_heap_options, flags))
    return false;
  memcpy(wish, options, bytes);
  return (wish->flags & ~FH_HEAP_FLAGS) == 0 &&
         ((wish->flags & FH_HEAP_MAY_SWAP) == 0 || (wish->flags & FH_HEAP_SECRET) != 0);
}

/* Whether it is to be a vault. */
static inline bool heap_wish_is_vault(const struct fh_heap_options *wish) {
  return (wish->flags & (FH_HEAP_PROTECTED | FH_HEAP_SECRET)) != 0;
}

static inline struct vault_wish heap_wish_for_vault(const struct fh_heap_options *wish) {
  return (struct vault_wish){.limit_bytes = wish->limit_bytes,
                             .secret = (wish->flags & FH_HEAP_SECRET) != 0,
                             .may_swap = (wish->flags & FH_HEAP_MAY_SWAP) != 0,
                             .zeroed = wish->zeroed,
                             .name = wish->name};
}

_Static_assert((int)FH_HEAP_READ_WRITE == VAULT_OPEN && (int)FH_HEAP_READ_ONLY == VAULT_READ_ONLY &&
                   (int)FH_HEAP_NO_ACCESS == VAULT_CLOSED,
               "an access is passed on as it is");
_Static_assert((int)FH_SECRECY_NONE == VAULT_NOT_SECRET && (int)FH_SECRECY_HIDDEN == VAULT_HIDDEN &&
                   (int)FH_SECRECY_LOCKED == VAULT_LOCKED && (int)FH_SECRECY_UNLOCKED == VAULT_UNLOCKED,
               "a secrecy is passed on as it is");

#endif
