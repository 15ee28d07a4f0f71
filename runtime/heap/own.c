#include "heap/own.h"

static void add_span(struct own_totals *totals, struct span *span) {
  unsigned live = span_live(span);
  totals->live_objects += live;
  totals->live_bytes += live * span->object_bytes;
}

struct own_totals own_heap_count(struct heap *heap) {
  lock_take(&heap->lock);
  struct own_totals totals = {heap->large_objects, heap->large_bytes};
  for (unsigned i = 0; i < CLASS_COUNT; i++) {
    if (heap->bins[i].span != NULL)
      add_span(&totals, heap->bins[i].span);
    for (struct span *span = heap->partial[i].first; span != NULL; span = span->next)
      add_span(&totals, span);
    for (struct span *span = heap->full[i].first; span != NULL; span = span->next)
      add_span(&totals, span);
  }
  lock_drop(&heap->lock);
  return totals;
}
