/*
 * kinds.h: what the objects of each kind are made of.
 */
#ifndef FREEHOLD_COLLECT_KINDS_H
#define FREEHOLD_COLLECT_KINDS_H

#include "collect/collect.h"
#include "heap/heap.h"

struct kind_rule {
  uintptr_t descriptor; /* 0: no pointers */
  bool add_size;        /* the slot's bytes are added to it */
  bool last_word;       /* an object's last word is its descriptor */
  bool zeroed;
  struct heap *heap; /* that such objects come from, if not from a heap of the thread's: long atomic ones do */
};

/* Entries are fixed once they are made; indices below the count are valid. */
extern struct kind_rule kind_rules[KIND_MOST];
/* Makes the heaps of the first kinds. False when there is no memory. */
bool kinds_start(void);

#define PROCEDURES_MOST 64u
extern collect_procedure kind_procedures[PROCEDURES_MOST];

#endif
