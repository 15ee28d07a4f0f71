#include "check/fence.h"
#include "base/lock.h"
#include "base/options.h"
#include "check/records.h"
#include "heap/allocate.h"
#include "heap/fast.h"
#include "heap/object.h"
#include "record/report.h"

#include <string.h>

#define FENCE_BYTES 16 /* at least, on either side */
#define FENCE_MOST  48 /* what is filled and looked at */
#define FENCE_VALUE 0xfb
/* A freed object's first bytes are filled and looked at: most writes through dangling pointers hit a field near the
 * start. */
#define FREED_MOST  64
#define FREED_VALUE 0xfd

/* Each thread frees into the queue of its number, so that they rarely meet. */
#define QUEUES        8u
#define QUEUE_ENTRIES 32768u
/* What is larger than this share of the quarantine doesn't wait. */
#define WAIT_SHARE 4

/* By the time an object leaves, its record and its bytes have left the caches: they are asked for some frees ahead, the
 * record first, since it says where the bytes are. */
#define RECORD_AHEAD 8u
#define BYTES_AHEAD  4u

static struct queue {
  struct lock lock;
  uint32_t first, count;
  size_t bytes;
  struct waiting {
    struct object_record *record;
    size_t bytes; /* of the object: to count it out without its record */
  } entries[QUEUE_ENTRIES];
} queues[QUEUES] __attribute__((aligned(64)));

bool bytes_are(const unsigned char *at, size_t bytes, unsigned char value, size_t *first, size_t *last) {
  uint64_t word = value * (uint64_t)0x0101010101010101u, seen;
  size_t i = 0;
  for (; i + sizeof seen <= bytes; i += sizeof seen) {
    memcpy(&seen, at + i, sizeof seen);
    if (UNLIKELY(seen != word))
      break;
  }
  for (; i < bytes && at[i] == value; i++)
    ;
  if (LIKELY(i == bytes))
    return true;
  *first = *last = i;
  for (; i < bytes; i++)
    if (at[i] != value)
      *last = i;
  return false;
}

struct fences {
  unsigned char *front, *rear;
  size_t front_bytes, rear_bytes;
};

static struct fences fences_of(const struct object_record *record) {
  size_t front = (size_t)1 << record->front_shift;
  struct fences fences = {.rear = (unsigned char *)record->start + record->bytes, .rear_bytes = record->rear_bytes};
  fences.front_bytes = front < FENCE_MOST ? front : FENCE_MOST;
  fences.front = (unsigned char *)record->start - fences.front_bytes;
  return fences;
}

static void *slot_of(const struct object_record *record) {
  return (void *)(record->start - ((uintptr_t)1 << record->front_shift));
}

void fence_mend(struct object_record *record) {
  struct fences fences = fences_of(record);
  memset(fences.front, FENCE_VALUE, fences.front_bytes);
  memset(fences.rear, FENCE_VALUE, fences.rear_bytes);
}

struct fence_damage fence_inspect(const struct object_record *record) {
  struct fences fences = fences_of(record);
  size_t first, last;
  if (UNLIKELY(!bytes_are(fences.rear, fences.rear_bytes, FENCE_VALUE, &first, &last)))
    return (struct fence_damage){true, (uintptr_t)fences.rear + first, last - first + 1};
  if (UNLIKELY(!bytes_are(fences.front, fences.front_bytes, FENCE_VALUE, &first, &last)))
    return (struct fence_damage){true, (uintptr_t)fences.front + first, last - first + 1};
  return (struct fence_damage){.found = false};
}

/* A new object in a slot of the heap; NULL when there is no memory for its record. */
static struct object_record *record_begin(void *slot, size_t front, size_t bytes) {
  struct object object = object_at(slot);
  struct object_record *record = records_make(object.span, object.kind == OBJECT_SMALL ? object.index : 0);
  if (record == NULL)
    return NULL;
  struct object_record before = *record;
  size_t rear = object.bytes - front - bytes;
  *record = (struct object_record){.start = (uintptr_t)slot + front,
                                   .bytes = bytes,
                                   .fenced = 1,
                                   .front_shift = (uint8_t)highest_bit(front),
                                   .rear_bytes = (uint8_t)(rear < FENCE_MOST ? rear : FENCE_MOST)};
  if (before.state == FH_OBJECT_FREED && before.start == record->start) {
    record->earlier_allocated = before.allocated;
    record->earlier_freed = before.freed;
    record->earlier_bytes = before.bytes < UINT32_MAX ? (uint32_t)before.bytes : UINT32_MAX;
  }
  fence_mend(record);
  return record;
}

struct object_record *fence_take(size_t bytes, size_t alignment) {
  size_t front = alignment > FENCE_BYTES ? alignment : FENCE_BYTES, total;
  if (__builtin_add_overflow(bytes, front + FENCE_BYTES, &total))
    return NULL;
  void *slot = alignment > GRANULE ? allocate_aligned(alignment, total) : allocate(total);
  if (slot == NULL)
    return NULL;
  struct object_record *record = record_begin(slot, front, bytes);
  if (record == NULL)
    release(slot);
  return record;
}

struct object_record *fence_resize(struct object_record *record, size_t bytes) {
  struct object object = object_at((const void *)record->start);
  size_t front = (size_t)1 << record->front_shift, total;
  if (object.span == NULL || object.span->kind != FH_SPAN_LARGE ||
      __builtin_add_overflow(bytes, front + FENCE_BYTES, &total) || total <= SMALL_MAX_BYTES)
    return NULL;
  void *slot = reallocate(NULL, (void *)object.start, total);
  if (slot == NULL)
    return NULL;
  if ((uintptr_t)slot != object.start)
    return record_begin(slot, front, bytes); /* its own block is there: a span of this kind needs but one record */
  size_t rear = object_at(slot).bytes - front - bytes;
  record->bytes = bytes;
  record->rear_bytes = (uint8_t)(rear < FENCE_MOST ? rear : FENCE_MOST);
  fence_mend(record);
  return record;
}

static size_t filled_bytes(const struct object_record *record) {
  return record->bytes < FREED_MOST ? record->bytes : FREED_MOST;
}

static struct fence_damage inspect_freed(const struct object_record *record) {
  size_t first, last;
  if (bytes_are((unsigned char *)record->start, filled_bytes(record), FREED_VALUE, &first, &last))
    return (struct fence_damage){.found = false};
  return (struct fence_damage){true, record->start + first, last - first + 1};
}

static struct object_record *queue_leave(struct queue *queue) {
  struct waiting leaving = queue->entries[queue->first];
  queue->bytes -= leaving.bytes;
  queue->first = (queue->first + 1) % QUEUE_ENTRIES;
  queue->count--;
  if (queue->count > RECORD_AHEAD) {
    __builtin_prefetch(queue->entries[(queue->first + RECORD_AHEAD) % QUEUE_ENTRIES].record, 1);
    __builtin_prefetch((void *)queue->entries[(queue->first + BYTES_AHEAD) % QUEUE_ENTRIES].record->start, 1);
  }
  return leaving.record;
}

static void leave(struct object_record *record, void (*written)(struct object_record *, struct fence_damage)) {
  struct fence_damage damage = inspect_freed(record);
  if (UNLIKELY(damage.found))
    written(record, damage);
  release(slot_of(record));
}

void fence_give(struct object_record *record, void (*written)(struct object_record *, struct fence_damage)) {
  memset((void *)record->start, FREED_VALUE, filled_bytes(record));
  if (record->bytes > options.quarantine / QUEUES / WAIT_SHARE) {
    release(slot_of(record));
    return;
  }
  struct queue *queue = &queues[record->freed_thread % QUEUES];
  struct object_record *leaving[4]; /* more than one, so that a queue over its bound shrinks */
  unsigned count = 0;
  lock_take(&queue->lock);
  while (queue->count > 0 && count < ARRAY_LENGTH(leaving) &&
         (queue->count == QUEUE_ENTRIES || queue->bytes + record->bytes > options.quarantine / QUEUES)) {
    leaving[count++] = queue_leave(queue);
  }
  queue->entries[(queue->first + queue->count++) % QUEUE_ENTRIES] = (struct waiting){record, record->bytes};
  queue->bytes += record->bytes;
  lock_drop(&queue->lock);
  for (unsigned i = 0; i < count; i++)
    leave(leaving[i], written);
}

void fence_inspect_waiting(void (*written)(struct object_record *, struct fence_damage)) {
  for (unsigned i = 0; i < QUEUES; i++) {
    struct queue *queue = &queues[i];
    if (!lock_try(&queue->lock))
      continue;
    for (uint32_t j = 0; j < queue->count; j++) {
      struct object_record *record = queue->entries[(queue->first + j) % QUEUE_ENTRIES].record;
      struct fence_damage damage = inspect_freed(record);
      if (damage.found)
        written(record, damage);
    }
    lock_drop(&queue->lock);
  }
}

void fence_before_fork(void) {
  for (unsigned i = 0; i < QUEUES; i++)
    lock_take(&queues[i].lock);
}
void fence_after_fork(bool in_child) {
  for (unsigned i = 0; i < QUEUES; i++)
    if (in_child)
      lock_reset(&queues[i].lock);
    else
      lock_drop(&queues[i].lock);
}
