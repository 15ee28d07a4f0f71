/*
 * accounts.h: the figures the heap keeps while it runs. What costs nothing on the fast paths is counted where the
 * slow paths pass; everything else is read off the descriptors by whoever asks (record/accounts.h).
 */
#ifndef FREEHOLD_HEAP_ACCOUNTS_H
#define FREEHOLD_HEAP_ACCOUNTS_H

#include "base/bits.h"
#include "record/accounts.h"

/* All under the slice lock. */
struct accounts {
  struct fh_accounts_root *root;
  uint64_t slices_in_use;
  uint64_t free_slice_bytes; /* of free slices that are dirty */
};
INTERNAL extern struct accounts accounts;

/* Fills the root's fixed fields, once the space stands. */
void accounts_start(void);
/* Copies what changed to where readers outside see it. Under the slice lock. */
void accounts_publish(void);
/* A small span goes back to the slices: what it counted moves to its class. */
void accounts_retire_span(unsigned class_index, uint64_t freed_calls);

/* This process's accounts, the kernel's figures included. */
void accounts_collect(struct fh_accounts *out);
/* At the start, if accounts are to be printed on standard error. */
void accounts_keep_stderr(void);
/* At the end of the program, as the option stats says. */
void accounts_print_at_exit(void);

#endif
