#include "check/heaps.h"
#include "base/lock.h"
#include "base/print.h"
#include "check/access.h"
#include "check/report.h"
#include "heap/fast.h"
#include "heap/vault.h"
#include "space/space.h"

#include <string.h>

#define HANDLE_BYTES        64
#define BUCKETS_FIRST       256u
#define MEMBERS_IN_A_BUCKET 2 /* on average, before there are more buckets */

/* An object of a heap, or its handle. */
struct member {
  uintptr_t start;
  size_t bytes;
  struct check_heap *heap;
  struct member *next_in_bucket;
  struct member *next, *before; /* in the heap; a handle is in no list */
};

struct check_heap {
  struct check_heap *next;
  uintptr_t handle;      /* 0: the program has freed it by a wrong call */
  struct member *first;  /* atomic: the leak finder looks without the lock */
  size_t objects, bytes; /* live */
  size_t taken_bytes;    /* of them, in granules: what the limit is held against */
  size_t limit_bytes;
  bool zeroed;
  struct vault *vault; /* fixed; may be NULL */
  char name[HEAP_NAME_BYTES];
};

/* All of it under the lock; taken before any lock of the heap. Members and heaps are the heap's own objects, without a
 * record: to the program they don't exist. */
static struct lock heaps_lock;
static struct check_heap *all_heaps;
static struct member **buckets;
static size_t bucket_count, member_count;

void heaps_before_fork(void) {
  lock_take(&heaps_lock);
}
void heaps_after_fork(bool in_child) {
  if (in_child)
    lock_reset(&heaps_lock);
  else
    lock_drop(&heaps_lock);
}

/* ---- The table of members. ---- */

static size_t bucket_of(uintptr_t start, size_t count) {
  return (start / GRANULE * 0x9e3779b97f4a7c15u >> 32) & (count - 1);
}

static bool buckets_grow(void) {
  size_t count = bucket_count == 0 ? BUCKETS_FIRST : 2 * bucket_count;
  struct member **grown = allocate(count * sizeof *grown);
  if (grown == NULL)
    return bucket_count != 0; /* longer chains will do */
  memset(grown, 0, count * sizeof *grown);
  for (size_t i = 0; i < bucket_count; i++)
    for (struct member *member = buckets[i], *next; member != NULL; member = next) {
      struct member **bucket = &grown[bucket_of(member->start, count)];
      next = member->next_in_bucket;
      member->next_in_bucket = *bucket;
      *bucket = member;
    }
  if (buckets != NULL)
    release(buckets);
  buckets = grown;
  bucket_count = count;
  return true;
}

static struct member *member_find(uintptr_t start) {
  if (bucket_count == 0)
    return NULL;
  struct member *member = buckets[bucket_of(start, bucket_count)];
  while (member != NULL && member->start != start)
    member = member->next_in_bucket;
  return member;
}

static bool is_handle(const struct member *member) {
  return member->start == member->heap->handle;
}

static bool member_add(struct member *member) {
  if (member_count >= MEMBERS_IN_A_BUCKET * bucket_count && !buckets_grow())
    return false;
  struct member **bucket = &buckets[bucket_of(member->start, bucket_count)];
  member->next_in_bucket = *bucket;
  *bucket = member;
  member_count++;
  if (is_handle(member))
    return true;
  struct check_heap *heap = member->heap;
  member->next = heap->first;
  if (heap->first != NULL)
    heap->first->before = member;
  __atomic_store_n(&heap->first, member, __ATOMIC_RELEASE);
  return true;
}

static size_t taken_by(size_t bytes) {
  return align_up(bytes > 0 ? bytes : 1, GRANULE);
}

static void member_remove(struct member *member) {
  struct member **link = &buckets[bucket_of(member->start, bucket_count)];
  while (*link != member)
    link = &(*link)->next_in_bucket;
  *link = member->next_in_bucket;
  member_count--;
  struct check_heap *heap = member->heap;
  if (is_handle(member)) {
    heap->handle = 0;
    return;
  }
  __atomic_store_n(member->before != NULL ? &member->before->next : &heap->first, member->next, __ATOMIC_RELEASE);
  if (member->next != NULL)
    member->next->before = member->before;
  heap->objects--;
  heap->bytes -= member->bytes;
  heap->taken_bytes -= taken_by(member->bytes);
}

void heaps_forget(uintptr_t start) {
  lock_take(&heaps_lock);
  struct member *member = member_find(start);
  if (member != NULL)
    member_remove(member);
  lock_drop(&heaps_lock);
  if (member != NULL)
    release(member);
}

/* ---- Handles. ---- */

static void report_no_heap(const char *call, struct stack_place place, void *handle) {
  if (access_room(handle) == 0) { /* the handle of a heap that was destroyed */
    access_read(call, place, handle, 1);
    access_done();
    return;
  }
  static const char detail[] = "this is no heap that fh_heap_create has made";
  struct fh_report report;
  report_begin(&report, handle == NULL ? FH_REPORT_NULL_POINTER : FH_REPORT_WILD_POINTER, place);
  report.address = (uintptr_t)handle;
  report.access = FH_ACCESS_READ;
  strncpy(report.call, call, sizeof report.call - 1);
  memcpy(report.detail, detail, sizeof detail);
  report_write(&report);
}

/* The heap of a handle; NULL when it is none. Under the lock. */
static struct check_heap *heap_of(const void *handle) {
  struct member *member = member_find((uintptr_t)handle);
  return member != NULL && is_handle(member) ? member->heap : NULL;
}

void *heaps_create(struct stack_place place, const struct heaps_wish *wish) {
  struct check_request request = {.call = "fh_heap_create",
                                  .place = place,
                                  .bytes = HANDLE_BYTES,
                                  .alignment = GRANULE,
                                  .family = FH_FAMILY_HEAP_HANDLE,
                                  .zeroed = true};
  struct check_heap *heap = allocate(sizeof *heap);
  struct member *member = allocate(sizeof *member);
  void *handle = heap != NULL && member != NULL ? check_allocate(&request) : NULL;
  if (handle != NULL) {
    *heap = (struct check_heap){.handle = (uintptr_t)handle,
                                .limit_bytes = align_up(wish->limit_bytes, SLICE_BYTES),
                                .zeroed = wish->zeroed,
                                .vault = wish->vault};
    if (wish->name != NULL)
      strncpy(heap->name, wish->name, sizeof heap->name - 1);
    *member = (struct member){.start = (uintptr_t)handle, .bytes = HANDLE_BYTES, .heap = heap};
    lock_take(&heaps_lock);
    bool added = member_add(member);
    if (added) {
      heap->next = all_heaps;
      __atomic_store_n(&all_heaps, heap, __ATOMIC_RELEASE);
    }
    lock_drop(&heaps_lock);
    if (added)
      return handle;
    check_free(request.call, place, handle, FH_FAMILY_HEAP_HANDLE);
  }
  if (heap != NULL)
    release(heap);
  if (member != NULL)
    release(member);
  return NULL;
}

void heaps_destroy(struct stack_place place, void *handle) {
  lock_take(&heaps_lock);
  struct check_heap *heap = heap_of(handle);
  for (struct check_heap **link = &all_heaps; heap != NULL && *link != NULL; link = &(*link)->next)
    if (*link == heap) {
      __atomic_store_n(link, heap->next, __ATOMIC_RELEASE);
      break;
    }
  while (heap != NULL && heap->first != NULL) {
    uintptr_t start = heap->first->start;
    lock_drop(&heaps_lock);
    check_free("fh_heap_destroy", place, (void *)start, FH_FAMILY_HEAP_HANDLE);
    heaps_forget(start); /* also where a free that went wrong before has left it as it was */
    lock_take(&heaps_lock);
  }
  lock_drop(&heaps_lock);
  check_free("fh_heap_destroy", place, handle, FH_FAMILY_HEAP_HANDLE);
  if (heap != NULL && heap->vault != NULL)
    vault_destroy(heap->vault);
  if (heap != NULL)
    release(heap);
}

struct vault *heaps_vault(const char *call, struct stack_place place, void *handle, bool *is_heap) {
  lock_take(&heaps_lock);
  struct check_heap *heap = heap_of(handle);
  struct vault *vault = heap != NULL ? heap->vault : NULL;
  lock_drop(&heaps_lock);
  *is_heap = heap != NULL;
  if (heap == NULL)
    report_no_heap(call, place, handle);
  return vault;
}

bool heaps_count(struct stack_place place, void *handle, struct heaps_totals *totals) {
  lock_take(&heaps_lock);
  struct check_heap *heap = heap_of(handle);
  if (heap != NULL)
    *totals = (struct heaps_totals){heap->objects, heap->bytes, align_up(heap->taken_bytes, SLICE_BYTES),
                                    heap->limit_bytes};
  lock_drop(&heaps_lock);
  if (heap == NULL)
    report_no_heap("fh_heap_statistics", place, handle);
  return heap != NULL;
}

/* ---- Objects. ---- */

/* Counts an object of so many bytes, if the limit lets it. Under the lock. */
static bool may_take(struct check_heap *heap, size_t bytes) {
  if (bytes > PTRDIFF_MAX)
    return true; /* it will be told as impossible */
  if (heap->limit_bytes != 0 &&
      (taken_by(bytes) > heap->limit_bytes || heap->taken_bytes > heap->limit_bytes - taken_by(bytes)))
    return false;
  heap->objects++;
  heap->bytes += bytes;
  heap->taken_bytes += taken_by(bytes);
  return true;
}

static void take_no_more(struct check_heap *heap, size_t bytes) {
  if (bytes > PTRDIFF_MAX)
    return;
  heap->objects--;
  heap->bytes -= bytes;
  heap->taken_bytes -= taken_by(bytes);
}

static void *allocate_in(struct check_heap *heap, const struct check_request *request) {
  struct check_request own = *request;
  own.family = FH_FAMILY_HEAP;
  own.zeroed |= heap->zeroed;
  struct member *member = allocate(sizeof *member);
  void *object = member != NULL ? check_allocate(&own) : NULL;
  if (object != NULL)
    *member = (struct member){.start = (uintptr_t)object, .bytes = own.bytes, .heap = heap};
  lock_take(&heaps_lock);
  bool added = object != NULL && member_add(member);
  if (!added)
    take_no_more(heap, own.bytes);
  lock_drop(&heaps_lock);
  if (added)
    return object;
  if (object != NULL)
    check_free(own.call, own.place, object, FH_FAMILY_HEAP);
  if (member != NULL)
    release(member);
  return NULL;
}

void *heaps_allocate(void *handle, const struct check_request *request) {
  lock_take(&heaps_lock);
  struct check_heap *heap = heap_of(handle);
  bool admitted = heap != NULL && may_take(heap, request->bytes);
  lock_drop(&heaps_lock);
  if (heap == NULL)
    report_no_heap(request->call, request->place, handle);
  return admitted ? allocate_in(heap, request) : NULL;
}

void *heaps_reallocate(const char *call, struct stack_place place, void *pointer, size_t bytes) {
  lock_take(&heaps_lock);
  struct member *member = member_find((uintptr_t)pointer);
  struct check_heap *heap = member != NULL && !is_handle(member) ? member->heap : NULL;
  size_t before = heap != NULL ? member->bytes : 0;
  bool admitted = heap != NULL && may_take(heap, bytes);
  lock_drop(&heaps_lock);
  struct check_request request = {
      .call = call, .place = place, .bytes = bytes, .alignment = GRANULE, .family = FH_FAMILY_HEAP};
  void *moved = admitted ? allocate_in(heap, &request) : NULL;
  if (moved == NULL)
    return NULL;
  check_carry(pointer, moved, bytes < before ? bytes : before);
  check_free(call, place, pointer, FH_FAMILY_HEAP);
  return moved;
}

bool heaps_owns(const char *call, struct stack_place place, void *handle, void *pointer) {
  lock_take(&heaps_lock);
  struct check_heap *heap = heap_of(handle);
  struct member *member = member_find((uintptr_t)pointer);
  struct check_heap *owner = member != NULL && !is_handle(member) ? member->heap : NULL;
  char name[HEAP_NAME_BYTES];
  if (owner != NULL)
    memcpy(name, owner->name, sizeof name);
  lock_drop(&heaps_lock);
  if (heap == NULL) {
    report_no_heap(call, place, handle);
    return false;
  }
  if (owner == NULL || owner == heap)
    return owner == heap;
  struct fh_report report;
  report_begin(&report, FH_REPORT_MISMATCHED_FREE, place);
  report.address = (uintptr_t)pointer;
  report.freed_as = FH_FAMILY_HEAP;
  struct checked checked = checked_at((uintptr_t)pointer);
  if (checked.record != NULL)
    report_add_object(&report, checked.record);
  strncpy(report.call, call, sizeof report.call - 1);
  struct text detail;
  text_clear(&detail);
  text_add(&detail, "the object belongs to another heap");
  if (name[0] != '\0') {
    text_add(&detail, ", ");
    text_add(&detail, name);
  }
  memcpy(report.detail, detail.bytes, detail.length);
  report_write(&report);
  return false;
}

/* ---- What keeps what. ---- */

static uint8_t *mark_of(uintptr_t start, struct object_record **record) {
  struct checked checked = checked_at(start);
  *record = checked.record;
  return checked.where == CHECKED_INSIDE ? &checked.record->mark : NULL;
}

/* Marks the objects of a heap; true when it came to one that was not marked. */
static bool mark_members(const struct reach_world *world, const struct check_heap *heap, uint8_t mark) {
  bool some = false;
  for (struct member *member = heap->first; member != NULL; member = member->next) {
    struct object_record *record;
    uint8_t *own = mark_of(member->start, &record);
    if (own == NULL || *own != 0)
      continue;
    struct reach_object object = {.start = record->start, .bytes = record->bytes, .mark = own, .owner = record};
    size_t bytes;
    reach_mark_from(world, &object, mark, &bytes);
    some = true;
  }
  return some;
}

void heaps_mark(const struct reach_world *world, uint8_t mark) {
  bool some;
  do { /* a handle may stand in an object of another heap */
    some = false;
    for (struct check_heap *heap = all_heaps; heap != NULL; heap = heap->next) {
      struct object_record *record;
      uint8_t *own = heap->handle != 0 ? mark_of(heap->handle, &record) : NULL;
      if (own != NULL && *own == mark)
        some |= mark_members(world, heap, mark);
    }
  } while (some);
}
