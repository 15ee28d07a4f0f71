#include "record/accounts.h"

#include <stdbool.h>
#include <string.h>

/* Table entries are read so many at a time, on the stack. */
#define TABLE_BATCH 512u
/* A span's bitmaps: the record, then at most two bitmaps of 4096 slots. */
#define BITMAP_WORDS_MAX 64u

struct reading {
  fh_read_memory read;
  void *context;
  struct fh_accounts *out;
  fh_visit_span visit; /* NULL: nobody asks */
  void *visit_context;
};

static unsigned count_bits(const uint64_t *a, const uint64_t *b, unsigned words) {
  unsigned bits = 0;
  for (unsigned i = 0; i < words; i++)
    bits += (unsigned)__builtin_popcountll(a[i] | b[i]);
  return bits;
}

/* Of a small span: its free slots, and the frees that its owner has not counted yet. */
static int count_slots(fh_read_memory read, void *context, uint64_t address, const struct fh_span_record *record,
                       struct fh_span_view *out) {
  uint64_t free_bits[BITMAP_WORDS_MAX], remote_bits[BITMAP_WORDS_MAX];
  size_t bytes = (size_t)record->words * sizeof(uint64_t);
  if (read(context, address + FH_SPAN_FREE_BITS, free_bits, bytes) != 0 ||
      read(context, address + record->remote_offset, remote_bits, bytes) != 0)
    return -1;
  unsigned free_slots = count_bits(free_bits, remote_bits, record->words) +
                        (unsigned)__builtin_popcount(record->cached & FH_CACHED_SLOTS);
  if (free_slots > record->capacity)
    free_slots = record->capacity;
  unsigned remote_frees = 0;
  for (unsigned i = 0; i < record->words; i++)
    remote_frees += (unsigned)__builtin_popcountll(remote_bits[i]);
  out->free_slots = free_slots;
  out->live_objects = record->capacity - free_slots;
  out->freed_calls = record->freed_calls + (record->countdown_start - record->countdown) + remote_frees +
                     (record->cached >> FH_CACHED_FREE_SHIFT);
  return 0;
}

int fh_accounts_read_span(fh_read_memory read, void *context, const struct fh_accounts_root *root, uint64_t address,
                          struct fh_span_view *out) {
  struct fh_span_record record;
  if (read(context, address, &record, sizeof record) != 0)
    return -1;
  *out = (struct fh_span_view){.record = address, .slices = record.slices, .kind = record.kind};
  if (record.start >= root->base)
    out->first_slice = (record.start - root->base) / root->slice_bytes;
  uint64_t bytes = record.slices * root->slice_bytes;
  if (record.kind == FH_SPAN_LARGE) {
    out->live_objects = 1;
    out->object_bytes = record.object_bytes;
    out->tail_bytes = bytes - record.object_bytes;
  } else if (record.kind == FH_SPAN_SMALL) {
    if (record.class_index >= root->class_count || record.words > BITMAP_WORDS_MAX) {
      out->kind = FH_SPAN_NONE; /* caught between two owners; counts as nothing */
      return 0;
    }
    out->class_index = record.class_index;
    out->object_bytes = record.object_bytes;
    out->tail_bytes = bytes - record.capacity * record.object_bytes;
    return count_slots(read, context, address, &record, out);
  }
  return 0;
}

void fh_accounts_add_span(struct fh_accounts *out, const struct fh_span_view *span) {
  if (span->kind != FH_SPAN_SMALL && span->kind != FH_SPAN_LARGE)
    return;
  bool is_large = span->kind == FH_SPAN_LARGE;
  struct fh_class_accounts *class = is_large ? &out->large : &out->classes[span->class_index];
  class->spans++;
  class->live_objects += span->live_objects;
  class->free_slots += span->free_slots;
  class->freed_calls += span->freed_calls;
  if (is_large)
    class->object_bytes += span->object_bytes;
  out->live_bytes += span->live_objects * span->object_bytes;
  out->free_slot_bytes += span->free_slots * span->object_bytes;
  out->tail_bytes += span->tail_bytes;
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
    struct fh_span_view span;
    if (fh_accounts_read_span(reading->read, reading->context, root, batch[slice - batch_first], &span) != 0)
      return -1;
    fh_accounts_add_span(reading->out, &span);
    if (reading->visit != NULL) {
      span.first_slice = slice; /* what has no slots has no start either */
      reading->visit(reading->visit_context, &span);
    }
    slice += span.kind == FH_SPAN_NONE || span.slices == 0 ? 1 : span.slices;
  }
  return 0;
}

int fh_accounts_read_root(fh_read_memory read, void *context, uint64_t root_address, struct fh_accounts_root *out) {
  if (read(context, root_address, out, sizeof *out) != 0)
    return -1;
  return out->magic != FH_ACCOUNTS_MAGIC || out->version != FH_ACCOUNTS_VERSION || out->root_bytes != sizeof *out ||
                 out->class_count > FH_ACCOUNTS_CLASSES
             ? -2
             : 0;
}

int fh_accounts_collect(fh_read_memory read, void *context, uint64_t root_address, struct fh_accounts *out) {
  return fh_accounts_visit(read, context, root_address, out, NULL, NULL);
}

void fh_accounts_take_root(struct fh_accounts *out, const struct fh_accounts_root *root) {
  out->peak_heap_bytes = root->peak_heap_bytes;
  out->metadata_bytes = root->metadata_bytes;
  out->reserved_bytes = root->reserved_bytes;
  out->limit_bytes = root->limit_bytes;
  out->free_slice_bytes = root->free_slice_bytes;
  out->purge_calls = root->purge_calls;
  out->purged_bytes = root->purged_bytes;
  out->thread_heaps = root->thread_heaps;
  out->page_bytes = root->page_bytes;
  out->class_count = root->class_count;
  for (uint32_t i = 0; i < root->class_count; i++) {
    out->classes[i].object_bytes = root->class_bytes[i];
    out->classes[i].freed_calls = root->class_freed_calls[i];
  }
  out->large.freed_calls = root->large_freed_calls;
}

void fh_accounts_add_up(struct fh_accounts *out) {
  /* Every call that allocated left an object that lives or was freed; so the fast path need not count. */
  for (uint32_t i = 0; i < out->class_count; i++) {
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
}

int fh_accounts_visit(fh_read_memory read, void *context, uint64_t root_address, struct fh_accounts *out,
                      fh_visit_span visit, void *visit_context) {
  struct fh_accounts_root root;
  int result = fh_accounts_read_root(read, context, root_address, &root);
  if (result != 0)
    return result;
  fh_accounts_take_root(out, &root);
  struct reading reading = {read, context, out, visit, visit_context};
  if (walk(&reading, &root) != 0)
    return -1;
  fh_accounts_add_up(out);
  return 0;
}
