/*
 * vault.h: heaps whose memory can be closed (fh_heap_protect), and heaps of secrets.
 *
 * Such a heap, a vault, has one stretch of addresses of its own, as long as its limit, and shares no page with anything
 * else:
 *
 *     | guard | maps of granules | guard | area: committed, open or closed ... | not committed yet | guard |
 *
 * So one system call closes all of it, an access from outside that runs into it meets a guard first, and what is known of
 * its objects stands outside of the area and can be asked for while that is closed. It is not in the space: its objects
 * are found by going through the list of vaults, which costs a program without any one load.
 *
 * An object is a run of granules of 16 bytes. Two bitmaps say which:
 *
 *   used    1: the granule is part of an object
 *   first   1: an object begins there            (first is in used)
 *
 *   the object at g is [g, the next granule that is first or not used)
 *   live_bytes = GRANULE * count(used)           live_objects = count(first)
 *   top: behind the last granule that is used; rover: where the next search begins; rover <= top
 *   GRANULE * top <= committed <= bytes
 *
 * Everything is under the vault's lock but for vault_look, which reads without it: it holds a vault by `readers`, and
 * vault_destroy waits for those.
 */
#ifndef FREEHOLD_HEAP_VAULT_H
#define FREEHOLD_HEAP_VAULT_H

#include "base/lock.h"
#include "heap/size_class.h"

enum vault_access { VAULT_OPEN, VAULT_READ_ONLY, VAULT_CLOSED };

/* How a heap of secrets keeps them, the best first. */
enum vault_secrecy {
  VAULT_NOT_SECRET,
  VAULT_HIDDEN,   /* memory that the kernel itself can't read (memfd_secret) */
  VAULT_LOCKED,   /* locked in memory, not dumped, zeros in children of fork */
  VAULT_UNLOCKED, /* the same, but the system may write it to swap */
};

#define VAULT_NAME_BYTES  32
#define VAULT_PIECES_MOST 32u

/* Pages that were committed at a time. */
struct vault_piece {
  size_t end; /* offset in the area; it begins where the one before ends */
  enum vault_secrecy secrecy;
};

struct vault {
  struct lock lock;
  uint32_t readers;   /* atomic */
  struct vault *next; /* the list of all, used or not; fixed once it is in there */
  uintptr_t start;    /* of the area; 0: no vault at the moment; atomic */
  size_t bytes;       /* of the area: the limit; fixed */
  uintptr_t reserved; /* the whole stretch; fixed */
  size_t reserved_bytes;
  uint64_t *used, *first; /* fixed; their words are atomic for vault_look */
  size_t committed, top, rover;
  size_t live_objects, live_bytes;
  size_t limit_bytes;       /* as asked for */
  enum vault_access access; /* atomic for vault_look */
  bool secret, may_swap, zeroed;
  bool lost; /* in a child of fork in which the pages could not be had again: stays closed */
  unsigned piece_count;
  struct vault_piece pieces[VAULT_PIECES_MOST];
  char name[VAULT_NAME_BYTES];
};

struct vault_wish {
  size_t limit_bytes; /* 0: VAULT_LIMIT_USUAL */
  bool secret;
  bool may_swap; /* secrets that can't be locked are kept all the same */
  bool zeroed;
  const char *name; /* may be NULL */
};

#define VAULT_LIMIT_USUAL (64 * MIB)

/* A new vault, open. NULL with *failure a negated errno: no memory or addresses; or the first pages of secrets can't be
 * locked, with what the kernel said. */
struct vault *vault_create(const struct vault_wish *wish, int *failure);
/* Secrets are overwritten, all memory given back, whatever the access. Nobody may be inside a call on it. */
void vault_destroy(struct vault *vault);

/* 0 or a negated errno, with the access as it was. */
int vault_protect(struct vault *vault, enum vault_access access);
/* The least of its pages'. */
enum vault_secrecy vault_secrecy(struct vault *vault);

/* An object of `bytes` bytes, aligned to `alignment`, a power of two or 0. NULL with *failure -EACCES when the vault isn't
 * open, else -ENOMEM. */
void *vault_take(struct vault *vault, size_t bytes, size_t alignment, bool zeroed, int *failure);
/* realloc of a live object of this vault, which stays in it. NULL as vault_take, with the object as it was. */
void *vault_resize(struct vault *vault, void *pointer, size_t bytes, int *failure);
/* 0; -EACCES when the vault isn't open: the object stays; -EINVAL when no object starts there. */
int vault_give(struct vault *vault, void *pointer);

struct vault_totals {
  size_t live_objects, live_bytes, held_bytes, limit_bytes;
};
struct vault_totals vault_count(struct vault *vault);

/* What an address is to the vaults. */
struct vault_place {
  struct vault *vault; /* NULL: no vault's; may be destroyed by others at any time */
  enum {
    VAULT_IN_OBJECT,    /* object, object_bytes */
    VAULT_IN_FREE,      /* in the area, in no object; object: the one before it, or 0 */
    VAULT_GUARD_BELOW,  /* in front of the area, or of the maps */
    VAULT_GUARD_BEHIND, /* object: the last one, or 0 */
  } where;
  uintptr_t area, object;
  size_t object_bytes;
  enum vault_access access;
  char name[VAULT_NAME_BYTES];
};
/* Any value is safe to ask for. Async-signal-safe; takes no lock. */
struct vault_place vault_look(uintptr_t address);

/* The committed part of vault number `index` that is not a heap of secrets: what a collector and a search for leaks have
 * to read, closed or not. Empty where there is none; false behind the last. Takes no lock. */
bool vault_range(size_t index, uintptr_t *start, uintptr_t *end);

/* Fork. In a child secrets are zeros, in objects that are as they were. */
void vaults_before_fork(void);
void vaults_after_fork_in_parent(void);
void vaults_after_fork_in_child(void);

#endif
