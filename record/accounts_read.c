#include "record/accounts.h"

#include <string.h>

/* Table entries are read so many at a time, on the stack. */
#define TABLE_BATCH 512u
/* A span's bitmaps: the record, then at most two bitmaps of 4096 slots. */
#define BITMAP_WORDS_MAX 64u

struct reading {
  fh_read_memory read;
  void *context;
  struct fh_accounts *out;
};

static unsigned count_bits(const uint64_t *a, const uint64_t *b, unsigned words) {
  unsigned bits = 0;
  for (unsigned i = 0; i < words; i++)
    bits += (unsigned)__builtin_popcountll(a[i] | b[i]);
  return bits;
}

static int add_small(struct reading *reading, const struct fh_accounts_root *root, uint64_t address,
                     const struct fh_span_record *record) {
  if (record->class_index >= root->class_count || record->words > BITMAP_WORDS_MAX)
    return 0; /* caught between two owners; counts as nothing */
  uint64_t free_bits[BITMAP_WORDS_MAX], remote_bits[BITMAP_WORDS_MAX];
  size_t bytes = (size_t)record->words * sizeof(uint64_t);
  if (reading->read(reading->context, address + FH_SPAN_FREE_BITS, free_bits, bytes) != 0 ||
      reading->read(reading->context, address + record->remote_offset, remote_bits, bytes) != 0)
    return -1;
  unsigned free_slots = count_bits(free_bits, remote_bits, record->words) +
                        (unsigned)__builtin_popcount(record->cached & FH_CACHED_SLOTS);
  if (free_slots > record->capacity)
    free_slots = record->capacity;
  unsigned remote_frees = 0;
  for (unsigned i = 0; i < record->words; i++)
    remote_frees += (unsigned)__builtin_popcountll(remote_bits[i]);
  struct fh_accounts *out = reading->out;
  struct fh_class_accounts *class = &out->classes[record->class_index];
  uint64_t live = record->capacity - free_slots;
  class->spans++;
  class->live_objects += live;
  class->free_slots += free_slots;
  class->freed_calls += record->freed_calls + (record->countdown_start - record->countdown) + remote_frees +
                        (record->cached >> FH_CACHED_FREE_SHIFT);
  out->live_bytes += live * record->object_bytes;
  out->free_slot_bytes += free_slots * record->object_bytes;
  out->tail_bytes += record->slices * root->slice_bytes - record->capacity * record->object_bytes;
  return 0;
}

static void add_large(struct reading *reading, const struct fh_accounts_root *root,
                      const struct fh_span_record *record) {
  struct fh_accounts *out = reading->out;
  out->large.spans++;
  out->large.live_objects++;
  out->large.object_bytes += record->object_bytes;
  out->live_bytes += record->object_bytes;
  out->tail_bytes += record->slices * root->slice_bytes - record->object_bytes;
}

static int walk(struct reading *reading, const struct fh_accounts_root *root) {
  uint64_t batch[TABLE_BATCH];
  uint64_t batch_first = 0, batch_count = 0;
  for (uint64_t slice = 0; slice < root->slice_limit;) {
    if (slice >= batch_first + batch_count || slice < batch_first) {
      batch_first = slice;
      batch_count = root->slice_limit - slice < TABLE_BATCH ? root->slice_limit - slice : TABLE_BATCH;
      if (reading->read(reading->context, root->table + slice * sizeof(uint64_t), batch,
                        batch_count * sizeof(uint64_t)) != 0)
        return -1;
    }
    struct fh_span_record record;
    uint64_t address = batch[slice - batch_first];
    if (reading->read(reading->context, address, &record, sizeof record) != 0)
      return -1;
    if (record.kind == FH_SPAN_SMALL) {
      if (add_small(reading, root, address, &record) != 0)
        return -1;
    } else if (record.kind == FH_SPAN_LARGE) {
      add_large(reading, root, &record);
    }
    slice += record.kind == FH_SPAN_NONE || record.slices == 0 ? 1 : record.slices;
  }
  return 0;
}

int fh_accounts_collect(fh_read_memory read, void *context, uint64_t root_address, struct fh_accounts *out) {
  struct fh_accounts_root root;
  if (read(context, root_address, &root, sizeof root) != 0)
    return -1;
  if (root.magic != FH_ACCOUNTS_MAGIC || root.version != FH_ACCOUNTS_VERSION || root.root_bytes != sizeof root ||
      root.class_count > FH_ACCOUNTS_CLASSES)
    return -2;
  out->peak_heap_bytes = root.peak_heap_bytes;
  out->metadata_bytes = root.metadata_bytes;
  out->reserved_bytes = root.reserved_bytes;
  out->limit_bytes = root.limit_bytes;
  out->free_slice_bytes = root.free_slice_bytes;
  out->purge_calls = root.purge_calls;
  out->purged_bytes = root.purged_bytes;
  out->thread_heaps = root.thread_heaps;
  out->page_bytes = root.page_bytes;
  out->class_count = root.class_count;
  for (uint32_t i = 0; i < root.class_count; i++) {
    out->classes[i].object_bytes = root.class_bytes[i];
    out->classes[i].freed_calls = root.class_freed_calls[i];
  }
  struct reading reading = {read, context, out};
  if (walk(&reading, &root) != 0)
    return -1;
  out->large.freed_calls = root.large_freed_calls;
  /* Every call that allocated left an object that lives or was freed; so the fast path need not count. */
  for (uint32_t i = 0; i < root.class_count; i++) {
    struct fh_class_accounts *class = &out->classes[i];
    class->allocated_calls = class->freed_calls + class->live_objects;
    out->allocated_calls += class->allocated_calls;
    out->freed_calls += class->freed_calls;
    out->live_objects += class->live_objects;
  }
  out->large.allocated_calls = out->large.freed_calls + out->large.live_objects;
  out->allocated_calls += out->large.allocated_calls;
  out->freed_calls += out->large.freed_calls;
  out->live_objects += out->large.live_objects;
  out->held_back_bytes = out->free_slot_bytes + out->tail_bytes + out->free_slice_bytes;
  out->heap_bytes = out->live_bytes + out->held_back_bytes;
  return 0;
}
