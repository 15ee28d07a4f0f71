#include "collect/validate.h"
#include "base/print.h"
#include "collect/mark.h"
#include "collect/roots.h"
#include "heap/span.h"
#include "reach/sequence.h"

#include <string.h>

/* Calls `visit` for the mark words of each span, in order: a small span's bitmap, a large object's one. */
static void each_span(void (*visit)(struct span *span, uint64_t *marks, size_t words, void *context), void *context) {
  for (size_t slice = 0; slice < space_slice_limit; slice++) {
    struct span *span = space_table[slice];
    if (span->first_slice != slice)
      continue;
    if (span->kind == FH_SPAN_SMALL)
      visit(span, span_mark_bits(span), span->words, context);
    else if (span->kind == FH_SPAN_LARGE)
      visit(span, &span->large_mark, 1, context);
  }
}

struct kept {
  uint64_t *words;
  size_t count;
  uint64_t missed;        /* objects */
  uintptr_t first_missed; /* its start */
  size_t first_bytes;
};

static void count_words(struct span *span, uint64_t *marks, size_t words, void *context) {
  (void)span, (void)marks;
  ((struct kept *)context)->count += words;
}

static void keep(struct span *span, uint64_t *marks, size_t words, void *context) {
  struct kept *kept = context;
  (void)span;
  memcpy(kept->words + kept->count, marks, words * sizeof *marks);
  memset(marks, 0, words * sizeof *marks);
  kept->count += words;
}

static void compare(struct span *span, uint64_t *marks, size_t words, void *context) {
  struct kept *kept = context;
  for (size_t i = 0; i < words; i++) {
    uint64_t missing = marks[i] & ~kept->words[kept->count + i];
    if (missing != 0 && kept->missed == 0) {
      kept->first_missed = span->start + (i * 64 + (unsigned)__builtin_ctzll(missing)) * span->object_bytes;
      kept->first_bytes = span->object_bytes;
    }
    kept->missed += count_bits(missing);
  }
  memcpy(marks, kept->words + kept->count, words * sizeof *marks);
  kept->count += words;
}

static _Noreturn void tell(const struct kept *kept) {
  struct text line;
  text_clear(&line);
  text_add(&line, "freehold: invariant broken: marking beside the program has missed ");
  text_add_decimal(&line, kept->missed);
  text_add(&line, " reachable objects, the first one at ");
  text_add_hex(&line, kept->first_missed);
  text_add(&line, ", of ");
  text_add_decimal(&line, kept->first_bytes);
  text_add(&line, " bytes\n");
  text_write(&line, 2);
  die();
}

bool validate_marks(const ucontext_t *here, void (*more_roots)(void)) {
  struct kept kept = {0};
  each_span(count_words, &kept);
  size_t bytes = kept.count * sizeof *kept.words;
  kept.words = bytes != 0 ? sequence_piece(bytes) : NULL;
  if (kept.words == NULL)
    return false;
  kept.count = 0;
  each_span(keep, &kept);
  bool whole = roots_mark(here);
  if (more_roots != NULL)
    more_roots();
  mark_finish(1);
  kept.count = 0;
  each_span(compare, &kept);
  sequence_piece_release(kept.words, bytes);
  if (whole && kept.missed != 0)
    tell(&kept);
  return whole;
}
