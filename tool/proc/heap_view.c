#include "tool/proc/heap_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tool/proc/heap_root.h"
#include "tool/proc/memory_cache.h"

/* A heap of so many slices (1 GiB) is looked at whole: some 16384 descriptions of 300 bytes. Of a larger one, so many
 * neighbourhoods of so many slices, each one read. */
enum { WHOLE_SLICES = 16384, NEIGHBOURHOODS = 64, NEIGHBOURHOOD_SLICES = 32, ATTEMPTS = 5 };
enum { BLOCK_BYTES_WHOLE = 1 << 18, BLOCK_BYTES_SOME = 1 << 14 };

struct gathering {
  struct heap_view *view;
  size_t room;
  bool no_memory;
};

static void stretch_add(struct heap_view *view, uint64_t start, uint64_t end, size_t field, uint64_t bytes) {
  uint64_t length = end - start;
  for (uint64_t at = start; at < end && view->stretch_bytes != 0;) {
    size_t index = (size_t)((at - view->root.base) / view->stretch_bytes);
    uint64_t stop = view->root.base + (index + 1) * view->stretch_bytes;
    if (stop > end)
      stop = end;
    if (index >= view->stretch_count)
      return;
    uint64_t *sum = (uint64_t *)(void *)((char *)&view->stretches[index] + field);
    *sum += (uint64_t)((double)bytes * (double)(stop - at) / (double)length);
    at = stop;
  }
}

static void note_metadata(struct heap_view *view, const struct fh_span_view *span) {
  if (view->metadata_end == 0 || span->record < view->metadata_start)
    view->metadata_start = span->record;
  if (span->record + sizeof(struct fh_span_record) > view->metadata_end)
    view->metadata_end = span->record + sizeof(struct fh_span_record);
}

static void gather(void *context, const struct fh_span_view *span) {
  struct gathering *gathering = context;
  struct heap_view *view = gathering->view;
  if (span->kind == FH_SPAN_NONE || span->slices == 0 || gathering->no_memory)
    return;
  note_metadata(view, span);
  if (view->span_count == gathering->room) {
    size_t room = gathering->room == 0 ? 256 : 2 * gathering->room;
    void *more = reallocarray(view->spans, room, sizeof view->spans[0]);
    gathering->no_memory = more == NULL;
    if (more == NULL)
      return;
    view->spans = more;
    gathering->room = room;
  }
  struct heap_span *to = &view->spans[view->span_count++];
  to->start = view->root.base + span->first_slice * view->root.slice_bytes;
  to->end = to->start + span->slices * view->root.slice_bytes;
  to->class_index = span->kind == FH_SPAN_SMALL   ? span->class_index
                    : span->kind == FH_SPAN_LARGE ? HEAP_SPAN_LARGE
                                                  : HEAP_SPAN_FREE;
  to->live_bytes = span->live_objects * span->object_bytes;
  to->held_back_bytes = span->free_slots * span->object_bytes + span->tail_bytes;
  stretch_add(view, to->start, to->end, offsetof(struct heap_stretch, live_bytes), to->live_bytes);
  stretch_add(view, to->start, to->end, offsetof(struct heap_stretch, held_back_bytes), to->held_back_bytes);
}

static int read_whole(struct heap_view *view, fh_read_memory read, void *memory) {
  struct gathering gathering = {.view = view};
  int result = fh_accounts_visit(read, memory, view->root_address, &view->accounts, gather, &gathering);
  return gathering.no_memory ? ENOMEM : result == 0 ? 0 : result == -2 ? EPROTO : EIO;
}

static uint64_t scaled(uint64_t value, double factor) {
  return (uint64_t)((double)value * factor + 0.5);
}

/* The looked-at part of a span, as if it were one. */
static struct fh_span_view part_of(const struct fh_span_view *span, uint64_t slices) {
  struct fh_span_view part = *span;
  double share = (double)slices / (double)span->slices;
  part.slices = slices;
  part.tail_bytes = scaled(span->tail_bytes, share);
  if (span->kind == FH_SPAN_LARGE) {
    part.object_bytes = scaled(span->object_bytes, share);
  } else {
    part.live_objects = scaled(span->live_objects, share);
    part.free_slots = scaled(span->free_slots, share);
    part.freed_calls = scaled(span->freed_calls, share);
  }
  return part;
}

/* What was seen stands for all slices in use, whose number is known. */
static void extrapolate(struct fh_accounts *accounts, const struct fh_accounts_root *root, uint64_t seen_bytes) {
  double factor = seen_bytes == 0 ? 0 : (double)(root->heap_bytes - root->free_slice_bytes) / (double)seen_bytes;
  accounts->live_bytes = scaled(accounts->live_bytes, factor);
  accounts->free_slot_bytes = scaled(accounts->free_slot_bytes, factor);
  accounts->tail_bytes = scaled(accounts->tail_bytes, factor);
  for (uint32_t i = 0; i <= accounts->class_count; i++) {
    struct fh_class_accounts *class = i < accounts->class_count ? &accounts->classes[i] : &accounts->large;
    class->spans = scaled(class->spans, factor);
    class->live_objects = scaled(class->live_objects, factor);
    class->free_slots = scaled(class->free_slots, factor);
  }
  accounts->large.object_bytes = scaled(accounts->large.object_bytes, factor);
}

/* Neighbours are read in one go, and the neighbourhoods lie evenly over the heap. */
static int read_some(struct heap_view *view, fh_read_memory read, void *memory) {
  const struct fh_accounts_root *root = &view->root;
  struct fh_accounts *accounts = &view->accounts;
  fh_accounts_take_root(accounts, root);
  uint64_t seen_bytes = 0, last_record = 0;
  for (uint64_t i = 0; i < NEIGHBOURHOODS; i++) {
    uint64_t entries[NEIGHBOURHOOD_SLICES];
    uint64_t first = (root->slice_limit - NEIGHBOURHOOD_SLICES) * i / (NEIGHBOURHOODS - 1);
    if (read(memory, root->table + first * sizeof entries[0], entries, sizeof entries) != 0)
      return EIO;
    for (uint64_t slice = first; slice < first + NEIGHBOURHOOD_SLICES;) {
      struct fh_span_view span;
      if (fh_accounts_read_span(read, memory, root, entries[slice - first], &span) != 0)
        return EIO;
      uint64_t end = span.first_slice + span.slices;
      /* An entry amid a free run may be of an older span. */
      if ((span.kind != FH_SPAN_SMALL && span.kind != FH_SPAN_LARGE) || slice < span.first_slice || slice >= end) {
        slice++;
        continue;
      }
      note_metadata(view, &span);
      if (end > first + NEIGHBOURHOOD_SLICES)
        end = first + NEIGHBOURHOOD_SLICES;
      struct fh_span_view part = part_of(&span, end - slice);
      if (span.record == last_record)
        part.live_objects = span.kind == FH_SPAN_LARGE ? 0 : part.live_objects; /* the same object, counted before */
      uint64_t live_bytes = span.kind == FH_SPAN_LARGE ? part.object_bytes : part.live_objects * part.object_bytes;
      fh_accounts_add_span(accounts, &part);
      if (span.kind == FH_SPAN_LARGE && part.live_objects == 0)
        accounts->live_bytes += live_bytes;
      last_record = span.record;
      seen_bytes += (end - slice) * root->slice_bytes;
      slice = end;
    }
  }
  extrapolate(accounts, root, seen_bytes);
  fh_accounts_add_up(accounts);
  view->estimated = true;
  view->stretch_count = 0; /* no picture of what was not looked at */
  return 0;
}

static void forget(struct heap_view *view) {
  free(view->spans);
  uint64_t root_address = view->root_address;
  memset(view, 0, sizeof *view);
  view->root_address = root_address;
}

static int read_once(pid_t pid, bool all, struct heap_view *out) {
  struct memory_cache cache;
  if (!memory_cache_open(&cache, pid, BLOCK_BYTES_SOME))
    return ENOMEM;
  int result = fh_accounts_read_root(memory_cache_read, &cache, out->root_address, &out->root);
  bool some = !all && out->root.slice_limit > WHOLE_SLICES;
  int error = result == -2 ? EPROTO : result != 0 ? EIO : 0;
  if (error == 0) {
    uint64_t per_stretch = (out->root.slice_limit + HEAP_STRETCHES - 1) / HEAP_STRETCHES;
    out->stretch_bytes = per_stretch * out->root.slice_bytes;
    out->stretch_count = per_stretch == 0 ? 0 : (size_t)((out->root.slice_limit + per_stretch - 1) / per_stretch);
  }
  if (error == 0 && some)
    error = read_some(out, memory_cache_read, &cache);
  if (error == EIO && cache.memory.error != 0)
    error = cache.memory.error;
  memory_cache_close(&cache);
  if (error != 0 || some)
    return error;
  if (!memory_cache_open(&cache, pid, BLOCK_BYTES_WHOLE))
    return ENOMEM;
  error = read_whole(out, memory_cache_read, &cache);
  if (error == EIO && cache.memory.error != 0)
    error = cache.memory.error;
  memory_cache_close(&cache);
  return error;
}

int heap_view_read(pid_t pid, bool all, struct heap_view *out) {
  memset(out, 0, sizeof *out);
  int error = heap_root_find(pid, &out->root_address);
  if (error != 0)
    return error;
  /* The heap changes while it is read: a span that goes away in the middle makes one reading fail, not the next. */
  for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
    error = read_once(pid, all, out);
    if (error == 0)
      return 0;
    forget(out);
    if (error != EIO && error != EFAULT)
      break;
  }
  return error;
}

void heap_view_destroy(struct heap_view *view) {
  free(view->spans);
  view->spans = NULL;
  view->span_count = 0;
}

void heap_view_add_run(struct heap_view *view, const struct page_run *run, size_t *cursor) {
  if (run->mapped_by != 0)
    stretch_add(view, run->start, run->end, offsetof(struct heap_stretch, resident_bytes), run->end - run->start);
  while (*cursor < view->span_count && view->spans[*cursor].end <= run->start)
    ++*cursor;
  for (size_t i = *cursor; i < view->span_count && view->spans[i].start < run->end; i++) {
    uint64_t start = run->start > view->spans[i].start ? run->start : view->spans[i].start;
    uint64_t end = run->end < view->spans[i].end ? run->end : view->spans[i].end;
    page_counts_add_run(&view->of_class[view->spans[i].class_index], run, end - start);
  }
}
