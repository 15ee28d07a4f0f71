#include "heap/vault.h"
#include "heap/granule_map.h"
#include "heap/slices.h"
#include "heap/vault_pages.h"
#include "space/kernel.h"

#include <errno.h>
#include <string.h>

#define GUARD_BYTES (64 * KIB)
/* The whole pages inside of a freed object from this size on go back to the system. */
#define GIVE_BACK_MIN (64 * KIB)

static struct lock vaults_lock;
static struct vault *all_vaults; /* vaults lock to add; atomic for readers */

/* ---- Granules and bytes. ---- */

static size_t granules_for(size_t bytes) {
  return bytes > GRANULE ? divide_up(bytes, GRANULE) : 1;
}

static uintptr_t address_of(const struct vault *vault, size_t granule) {
  return vault->start + granule * GRANULE;
}

/* The granule at or behind `granule` whose address is a multiple of `alignment`. */
static size_t aligned_granule(const struct vault *vault, size_t granule, size_t alignment) {
  return (align_up(address_of(vault, granule), alignment) - vault->start) / GRANULE;
}

static size_t object_granules(const struct vault *vault, size_t first) {
  return granule_run_end(vault->used, vault->first, first, vault->top) - first;
}

/* The granule that a live object begins at exactly there, or NO_GRANULE. */
static size_t object_granule(const struct vault *vault, const void *pointer) {
  uintptr_t offset = (uintptr_t)pointer - vault->start;
  size_t granule = offset / GRANULE;
  bool exact = offset % GRANULE == 0 && granule < vault->top && granule_is_set(vault->first, granule);
  return exact ? granule : NO_GRANULE;
}

/* ---- A vault's life. ---- */

/* One that is in no use, from the list or new. Under the vaults lock. */
static struct vault *obtain(void) {
  for (struct vault *vault = all_vaults; vault != NULL; vault = vault->next)
    if (vault->start == 0)
      return vault;
  lock_take(&slice_lock);
  struct vault *vault = space_metadata(sizeof *vault);
  lock_drop(&slice_lock);
  if (vault != NULL) {
    vault->next = all_vaults;
    __atomic_store_n(&all_vaults, vault, __ATOMIC_RELEASE);
  }
  return vault;
}

/* Reserves the stretch and makes the maps usable. 0 or a negated errno. */
static int lay_out(struct vault *vault, size_t bytes, uintptr_t *area) {
  size_t page = space_page_bytes();
  size_t map_bytes = align_up(bytes / GRANULE / 8, page);
  vault->reserved_bytes = 3 * GUARD_BYTES + 2 * map_bytes + bytes;
  intptr_t got = kernel.reserve(vault->reserved_bytes);
  if (got < 0 && got > -4096)
    return (int)got;
  vault->reserved = (uintptr_t)got;
  uintptr_t maps = vault->reserved + GUARD_BYTES;
  int failure = kernel.commit(maps, 2 * map_bytes);
  if (failure != 0) {
    kernel.release(vault->reserved, vault->reserved_bytes);
    return failure;
  }
  vault->used = (uint64_t *)maps;
  vault->first = (uint64_t *)(maps + map_bytes);
  vault->bytes = bytes;
  /* What is never committed differs from what is, open or closed: else they would be joined and cut with each call of
   * fh_heap_protect. */
  kernel_set_apart(vault->reserved, vault->reserved_bytes, true);
  kernel_set_apart(maps, 2 * map_bytes, false);
  kernel.huge_pages(maps, 2 * map_bytes + GUARD_BYTES + bytes, false); /* nor lock 2 MiB for the sake of a few */
  *area = maps + 2 * map_bytes + GUARD_BYTES;
  return 0;
}

static void forget(struct vault *vault) {
  __atomic_store_n(&vault->start, 0, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&vault->readers, __ATOMIC_SEQ_CST) != 0)
    kernel_yield();
  if (!vault->lost) /* else somebody else's mapping may lie in the middle of it */
    kernel.release(vault->reserved, vault->reserved_bytes);
}

struct vault *vault_create(const struct vault_wish *wish, int *failure) {
  size_t bytes = wish->limit_bytes != 0 ? wish->limit_bytes : VAULT_LIMIT_USUAL;
  *failure = -ENOMEM;
  if (bytes > PTRDIFF_MAX / 2)
    return NULL;
  bytes = align_up(bytes, space_page_bytes());
  lock_take(&vaults_lock);
  struct vault *vault = obtain();
  uintptr_t area;
  if (vault != NULL) {
    *failure = lay_out(vault, bytes, &area);
    if (*failure != 0)
      vault = NULL;
  }
  if (vault != NULL) {
    lock_take(&vault->lock);
    vault->committed = vault->top = vault->rover = vault->live_objects = vault->live_bytes = 0;
    vault->limit_bytes = bytes;
    vault->access = VAULT_OPEN;
    vault->secret = wish->secret;
    vault->may_swap = wish->may_swap;
    vault->zeroed = wish->zeroed;
    vault->lost = false;
    vault->piece_count = 0;
    memset(vault->name, 0, sizeof vault->name);
    if (wish->name != NULL)
      strncpy(vault->name, wish->name, sizeof vault->name - 1);
    __atomic_store_n(&vault->start, area, __ATOMIC_RELEASE);
    /* At once, so that the program learns now what can't be locked. */
    *failure = vault_pages_commit(vault, 1);
    lock_drop(&vault->lock);
    if (*failure != 0) {
      forget(vault);
      vault = NULL;
    }
  }
  lock_drop(&vaults_lock);
  return vault;
}

/* A compiler must not think that nobody will read these zeros. */
static void wipe(uintptr_t address, size_t bytes) {
  memset((void *)address, 0, bytes);
  __asm__ volatile("" : : "r"(address) : "memory");
}

void vault_destroy(struct vault *vault) {
  lock_take(&vaults_lock);
  lock_take(&vault->lock);
  if (vault->secret && !vault->lost && vault_pages_set_access(vault, VAULT_OPEN) == 0)
    wipe(vault->start, vault->committed);
  forget(vault);
  lock_drop(&vault->lock);
  lock_drop(&vaults_lock);
}

int vault_protect(struct vault *vault, enum vault_access access) {
  int failure = 0;
  lock_take(&vault->lock);
  if (vault->lost)
    failure = access == VAULT_CLOSED ? 0 : -ENOMEM;
  else if (access != vault->access) {
    failure = vault_pages_set_access(vault, access);
    if (failure == 0)
      __atomic_store_n(&vault->access, access, __ATOMIC_RELAXED);
  }
  lock_drop(&vault->lock);
  return failure;
}

enum vault_secrecy vault_secrecy(struct vault *vault) {
  enum vault_secrecy least = VAULT_NOT_SECRET;
  lock_take(&vault->lock);
  for (unsigned i = 0; i < vault->piece_count; i++)
    if (vault->pieces[i].secrecy > least)
      least = vault->pieces[i].secrecy;
  lock_drop(&vault->lock);
  return least;
}

/* ---- Objects. ---- */

/* The start of `count` free granules in [from, to), or NO_GRANULE. */
static size_t find_free(const struct vault *vault, size_t from, size_t to, size_t count, size_t alignment) {
  for (size_t at = aligned_granule(vault, from, alignment); at < to && count <= to - at;) {
    size_t taken = granule_next(vault->used, at, at + count, true);
    if (taken == at + count)
      return at;
    at = aligned_granule(vault, granule_next(vault->used, taken, to, false), alignment);
  }
  return NO_GRANULE;
}

static void take_granules(struct vault *vault, size_t at, size_t count) {
  granule_set(vault->used, at, count, true);
  if (at + count > vault->top)
    vault->top = at + count;
  vault->live_bytes += count * GRANULE;
}

/* Under the lock. */
static void *take(struct vault *vault, size_t bytes, size_t alignment, int *failure) {
  *failure = -EACCES;
  if (vault->access != VAULT_OPEN)
    return NULL;
  *failure = -ENOMEM;
  if (bytes > vault->bytes || alignment > vault->bytes)
    return NULL;
  size_t count = granules_for(bytes), most = vault->bytes / GRANULE;
  size_t at = find_free(vault, vault->rover, vault->top, count, alignment);
  if (at == NO_GRANULE)
    at = find_free(vault, 0, vault->top, count, alignment);
  if (at == NO_GRANULE) {
    at = aligned_granule(vault, vault->top, alignment);
    if (at > most || count > most - at || vault_pages_commit(vault, (at + count) * GRANULE) != 0)
      return NULL;
  }
  take_granules(vault, at, count);
  granule_set(vault->first, at, 1, true);
  vault->rover = at + count;
  vault->live_objects++;
  return (void *)address_of(vault, at);
}

void *vault_take(struct vault *vault, size_t bytes, size_t alignment, bool zeroed, int *failure) {
  lock_take(&vault->lock);
  void *object = take(vault, bytes, alignment > GRANULE ? alignment : GRANULE, failure);
  if (object != NULL && (zeroed || vault->zeroed))
    memset(object, 0, bytes);
  lock_drop(&vault->lock);
  return object;
}

/* Frees granules that no object has any more. */
static void give_granules(struct vault *vault, size_t at, size_t count) {
  size_t page = space_page_bytes();
  uintptr_t start = address_of(vault, at), end = start + count * GRANULE;
  if (vault->secret)
    wipe(start, end - start);
  else if (end - start >= GIVE_BACK_MIN)
    kernel.purge(align_up(start, page), align_down(end, page) - align_up(start, page));
  granule_set(vault->used, at, count, false);
  vault->live_bytes -= count * GRANULE;
  if (at + count == vault->top) {
    size_t last = at != 0 ? granule_last(vault->used, at - 1) : NO_GRANULE;
    vault->top = last == NO_GRANULE ? 0 : last + 1;
  }
  if (vault->rover > vault->top)
    vault->rover = vault->top;
}

static void give(struct vault *vault, size_t at) {
  size_t count = object_granules(vault, at);
  granule_set(vault->first, at, 1, false);
  give_granules(vault, at, count);
  vault->live_objects--;
}

int vault_give(struct vault *vault, void *pointer) {
  lock_take(&vault->lock);
  size_t at = object_granule(vault, pointer);
  int failure = at == NO_GRANULE ? -EINVAL : vault->access != VAULT_OPEN ? -EACCES : 0;
  if (failure == 0)
    give(vault, at);
  lock_drop(&vault->lock);
  return failure;
}

/* Where the object is. False when what is behind it is not free, or can't be had. */
static bool resize_in_place(struct vault *vault, size_t at, size_t before, size_t wanted) {
  if (wanted < before)
    give_granules(vault, at + wanted, before - wanted);
  if (wanted <= before)
    return true;
  size_t end = at + wanted;
  if (end > vault->bytes / GRANULE || granule_next(vault->used, at + before, end, true) != end ||
      vault_pages_commit(vault, end * GRANULE) != 0)
    return false;
  take_granules(vault, at + before, wanted - before);
  return true;
}

static void *resize(struct vault *vault, void *pointer, size_t bytes, int *failure) {
  size_t at = object_granule(vault, pointer);
  *failure = at == NO_GRANULE ? -EINVAL : vault->access != VAULT_OPEN ? -EACCES : -ENOMEM;
  if (at == NO_GRANULE || vault->access != VAULT_OPEN || bytes > vault->bytes)
    return NULL;
  size_t before = object_granules(vault, at);
  if (resize_in_place(vault, at, before, granules_for(bytes)))
    return pointer;
  void *moved = take(vault, bytes, GRANULE, failure);
  if (moved == NULL)
    return NULL;
  memcpy(moved, pointer, before * GRANULE); /* what grows in place or moves is longer than it was */
  give(vault, at);
  return moved;
}

void *vault_resize(struct vault *vault, void *pointer, size_t bytes, int *failure) {
  lock_take(&vault->lock);
  void *resized = resize(vault, pointer, bytes, failure);
  lock_drop(&vault->lock);
  return resized;
}

struct vault_totals vault_count(struct vault *vault) {
  lock_take(&vault->lock);
  struct vault_totals totals = {vault->live_objects, vault->live_bytes, vault->committed, vault->limit_bytes};
  lock_drop(&vault->lock);
  return totals;
}

/* ---- From an address to what it is. ---- */

static void find_object(const struct vault *vault, uintptr_t start, uintptr_t address, struct vault_place *place) {
  size_t most = vault->bytes / GRANULE, granule = (address - start) / GRANULE;
  size_t last = granule < most ? granule : most - 1;
  size_t first = granule_last(vault->first, last);
  if (first == NO_GRANULE)
    return;
  size_t end = granule_run_end(vault->used, vault->first, first, most);
  place->object = start + first * GRANULE;
  place->object_bytes = (end - first) * GRANULE;
  if (granule < most && granule < end)
    place->where = VAULT_IN_OBJECT;
}

struct vault_place vault_look(uintptr_t address) {
  struct vault_place place = {.vault = NULL};
  struct vault *vault = __atomic_load_n(&all_vaults, __ATOMIC_ACQUIRE);
  for (; vault != NULL && place.vault == NULL; vault = vault->next) {
    uintptr_t start = __atomic_load_n(&vault->start, __ATOMIC_ACQUIRE);
    if (start == 0)
      continue;
    __atomic_fetch_add(&vault->readers, 1, __ATOMIC_SEQ_CST);
    start = __atomic_load_n(&vault->start, __ATOMIC_SEQ_CST);
    if (start != 0 && address - vault->reserved < vault->reserved_bytes) {
      place.vault = vault;
      place.area = start;
      place.access = __atomic_load_n(&vault->access, __ATOMIC_RELAXED);
      memcpy(place.name, vault->name, sizeof place.name);
      if (address < start) {
        place.where = VAULT_GUARD_BELOW;
      } else {
        place.where = address - start < vault->bytes ? VAULT_IN_FREE : VAULT_GUARD_BEHIND;
        find_object(vault, start, address, &place);
      }
    }
    __atomic_fetch_sub(&vault->readers, 1, __ATOMIC_SEQ_CST);
  }
  return place;
}

bool vault_range(size_t index, uintptr_t *start, uintptr_t *end) {
  struct vault *vault = __atomic_load_n(&all_vaults, __ATOMIC_ACQUIRE);
  while (vault != NULL && index-- != 0)
    vault = vault->next;
  if (vault == NULL)
    return false;
  *start = *end = 0;
  uintptr_t area = __atomic_load_n(&vault->start, __ATOMIC_ACQUIRE);
  if (area != 0 && !vault->secret) {
    *start = area;
    *end = area + vault->committed;
  }
  return true;
}

/* ---- Fork. ---- */

void vaults_before_fork(void) {
  lock_take(&vaults_lock);
  for (struct vault *vault = all_vaults; vault != NULL; vault = vault->next)
    lock_take(&vault->lock);
}

void vaults_after_fork_in_parent(void) {
  for (struct vault *vault = all_vaults; vault != NULL; vault = vault->next)
    lock_drop(&vault->lock);
  lock_drop(&vaults_lock);
}

void vaults_after_fork_in_child(void) {
  for (struct vault *vault = all_vaults; vault != NULL; vault = vault->next) {
    if (vault->start != 0 && vault->secret)
      vault_pages_renew(vault);
    __atomic_store_n(&vault->readers, 0, __ATOMIC_RELAXED);
    lock_reset(&vault->lock);
  }
  lock_reset(&vaults_lock);
}
