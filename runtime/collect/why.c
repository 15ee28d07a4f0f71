#include "collect/why.h"
#include "base/options.h"
#include "base/print.h"
#include "collect/kinds.h"
#include "collect/mark.h"
#include "collect/roots.h"
#include "collect/sites.h"
#include "reach/reach.h"
#include "space/kernel.h"
#include "tell/chain.h"
#include "tell/record_file.h"
#include "tell/request.h"

#include <string.h>

static uint8_t *marks; /* a byte for each slot of the heap, by its number */
static size_t mark_bytes;

static bool marks_make(void) {
  mark_bytes = space_slice_limit * SLOTS_PER_SLICE;
  intptr_t at = mark_bytes != 0 ? kernel.reserve(mark_bytes) : -1;
  if ((at < 0 && at > -4096) || kernel.commit((uintptr_t)at, mark_bytes) != 0)
    return false;
  marks = (uint8_t *)at;
  return true;
}

static bool has_pointers(unsigned kind) {
  const struct kind_rule *rule = &kind_rules[kind];
  return rule->descriptor != 0 || rule->add_size || rule->last_word;
}

/* The object that a word in it counts for, as collect/mark.c has it. */
static bool find_around(uintptr_t word, bool interior, struct reach_object *object) {
  struct collect_object found;
  if (!collect_object_at((const void *)word, &found))
    return false;
  struct span *span = space_table[slice_of(found.start)];
  size_t offset = word - found.start;
  if ((!interior && !mark_counts_at(offset)) ||
      ((span->collect_flags & COLLECT_BY_START) != 0 && offset >= space.page_bytes))
    return false;
  size_t number = slot_number(span, slot_index_at(span, found.start));
  *object = (struct reach_object){.start = found.start,
                                  .bytes = found.bytes,
                                  .mark = &marks[number],
                                  .owner = span,
                                  .leaf = !has_pointers(found.kind)};
  return number < mark_bytes;
}

static bool find_word(uintptr_t word, bool stack, struct reach_object *object) {
  return find_around(word, stack || collect_settings.interior, object) ||
         (stack && word % GRANULE == 0 && find_around(word - 1, true, object));
}

static bool clear_marks(void) {
  return kernel.purge((uintptr_t)marks, mark_bytes) == 0;
}

static void describe(struct fh_chain_step *step, const struct reach_object *object) {
  const struct span *span = object->owner;
  step->object = object->start;
  step->object_bytes = object->bytes;
  report_fill_stack(&step->allocated, sites_stack_of(span, slot_index_at(span, object->start)), 0);
}

size_t collect_why(const ucontext_t *here, uintptr_t address, struct fh_record_chain *record,
                   struct fh_chain_step *steps, size_t most) {
  static const struct chain_client client = {clear_marks, describe};
  struct reach_world world;
  if (!marks_make() || !roots_world(&world)) {
    memset(record, 0, sizeof *record);
    record->head.type = FH_RECORD_CHAIN;
    record->head.bytes = sizeof *record;
    return 0;
  }
  world.find_word = find_word;
  world.more = roots_more;
  return chain_fill(&world, here, address, &client, record, steps, most);
}

__attribute__((constructor(103))) static void library_loaded(void) {
  request_answers.why = collect_why;
  if (!request_start() && options.verbose)
    warn("no free real-time signal, or no memfd_create: freehold gc why can't ask this process", NULL);
}
