#include "check/leaks.h"
#include "base/options.h"
#include "check/heaps.h"
#include "check/report.h"
#include "reach/sequence.h"
#include "space/space.h"
#include "tell/chain.h"
#include "trace/stack.h"

#include <elf.h>
#include <string.h>

/* What an object's mark says after each step. */
enum leak_mark {
  UNMARKED,
  MARK_REACHABLE = 1, /* as reach_mark sets it */
  MARK_CANDIDATE,     /* the first pass began at it: direct, if no later candidate leads to it */
  MARK_VISITED,       /* the first pass came to it */
  MARK_DIRECT,
  MARK_INDIRECT,
};

/* ---- the world ---- */

static bool find_object(uintptr_t word, struct reach_object *object) {
  struct checked found = checked_at(word);
  if (found.where != CHECKED_INSIDE) {
    /* The word behind an object's last byte belongs to it as well, unless another begins there. */
    if (found.where != CHECKED_BEYOND || word != found.record->start + found.record->bytes)
      return false;
  }
  struct object_record *record = found.record;
  *object =
      (struct reach_object){.start = record->start, .bytes = record->bytes, .mark = &record->mark, .owner = record};
  return true;
}

/* Those named, then the heap with its descriptions, then the end. */
static struct reach_range excluded[LEAKS_EXCLUDED_MOST + 2];
static size_t named;

bool leaks_exclude(uintptr_t start, size_t bytes) {
  if (named == LEAKS_EXCLUDED_MOST)
    return false;
  excluded[named++] = (struct reach_range){start, start + bytes};
  return true;
}

#if defined(FH_NO_STANDARD_NAMES)
/* Linked into a program, whose variables are in the same module. */
void leaks_exclude_own_variables(void) {}
#else
/* Put there by the linker: the head of this module's file. */
INTERNAL extern const Elf64_Ehdr __ehdr_start;

void leaks_exclude_own_variables(void) {
  uintptr_t module = (uintptr_t)&__ehdr_start;
  const Elf64_Phdr *segment = (const Elf64_Phdr *)(module + __ehdr_start.e_phoff);
  for (size_t i = 0; i < __ehdr_start.e_phnum; i++, segment++)
    if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) != 0)
      leaks_exclude(module + segment->p_vaddr, segment->p_memsz);
}
#endif

static struct reach_world world_now(void) {
  struct reach_range *next = &excluded[named];
  if (space_base != 0) /* under a limit on addresses it is not reserved as a whole */
    *next++ = (struct reach_range){space.metadata_start, space_base + (space.slice_capacity << SLICE_SHIFT)};
  *next = (struct reach_range){0, 0};
  struct reach_world world = {.find = find_object, .excluded = excluded};
  if (space_base != 0) {
    world.lowest = space_base;
    world.highest = slice_address(space_slice_limit);
  }
  if (guard_bytes != 0 && space_base != 0) {
    world.lowest = guard_base < world.lowest ? guard_base : world.lowest;
    world.highest = guard_base + guard_bytes > world.highest ? guard_base + guard_bytes : world.highest;
  }
  return world;
}

static struct reach_object object_of(struct object_record *record) {
  return (struct reach_object){
      .start = record->start, .bytes = record->bytes, .mark = &record->mark, .owner = record};
}

static bool clear_mark(void *context, struct object_record *record) {
  (void)context;
  record->mark = UNMARKED;
  return true;
}

/* ---- groups ---- */

struct group {
  stack_id stack;
  bool reachable;
  struct object_record *example;
  size_t count, bytes, indirect_count, indirect_bytes;
};

struct search {
  struct reach_world world;
  struct leaks_totals *totals;
  bool with_reachable;
  bool enough;                /* memory */
  struct sequence candidates; /* struct object_record * */
  struct sequence groups;     /* struct group */
  uint32_t *table;            /* number of a group + 1, by its stack; open addressing, never more than half full */
  size_t table_entries;
};

#define TABLE_ENTRIES_FIRST 4096u

static uint32_t *table_place(const struct search *search, stack_id stack, bool reachable) {
  size_t place = ((uint64_t)stack * 2 + reachable) * 0x9e3779b97f4a7c15u >> 20;
  for (;; place++) {
    uint32_t *entry = &search->table[place & (search->table_entries - 1)];
    if (*entry == 0)
      return entry;
    const struct group *group = sequence_at(&search->groups, *entry - 1);
    if (group->stack == stack && group->reachable == reachable)
      return entry;
  }
}

static bool table_grow(struct search *search) {
  uint32_t *before = search->table;
  size_t entries = search->table_entries;
  search->table_entries = entries == 0 ? TABLE_ENTRIES_FIRST : 2 * entries;
  search->table = sequence_piece(search->table_entries * sizeof *search->table);
  if (search->table != NULL)
    for (uint32_t i = 0; i < search->groups.count; i++) {
      const struct group *group = sequence_at(&search->groups, i);
      *table_place(search, group->stack, group->reachable) = i + 1;
    }
  if (before != NULL)
    sequence_piece_release(before, entries * sizeof *before);
  return search->table != NULL;
}

static struct group *group_of(struct search *search, struct object_record *record, bool reachable) {
  if (search->table_entries <= 2 * search->groups.count && !table_grow(search))
    return NULL;
  uint32_t *entry = table_place(search, record->allocated, reachable);
  if (*entry != 0)
    return sequence_at(&search->groups, *entry - 1);
  struct group *group = sequence_push(&search->groups);
  if (group == NULL)
    return NULL;
  *group = (struct group){.stack = record->allocated, .reachable = reachable, .example = record};
  *entry = (uint32_t)search->groups.count;
  return group;
}

static struct group *group_add(struct search *search, struct object_record *record, bool reachable) {
  struct group *group = group_of(search, record, reachable);
  if (group == NULL) {
    search->enough = false;
    return NULL;
  }
  group->count++;
  group->bytes += record->bytes;
  return group;
}

/* The lost ones first, then by bytes, then by age. */
static bool group_before(const void *one, const void *other) {
  const struct group *first = one, *second = other;
  if (first->reachable != second->reachable)
    return second->reachable;
  size_t bytes = first->bytes + first->indirect_bytes, others = second->bytes + second->indirect_bytes;
  return bytes != others ? bytes > others : first->stack < second->stack;
}

/* ---- direct and indirect ---- */

/*
 * Two passes find one object for each source of the graph of lost objects, in time linear in what they hold. The
 * first goes through the lost objects in any order, and marks from each that was not come to before. These candidates
 * lead to all others, but an earlier one may hang on a later one (never the other way round, else the later one would
 * have been come to). So the second pass takes them from the last to the first, with fresh marks: what is still
 * unmarked when its turn comes, nothing else leads to.
 */
static bool visit_first(void *context, struct object_record *record) {
  struct search *search = context;
  if (record->mark == MARK_REACHABLE) {
    search->totals->reachable_blocks++;
    search->totals->reachable_bytes += record->bytes;
    if (search->with_reachable)
      group_add(search, record, true);
    return search->enough;
  }
  if (record->mark != UNMARKED)
    return true;
  struct object_record **candidate = sequence_push(&search->candidates);
  if (candidate == NULL)
    return search->enough = false;
  *candidate = record;
  record->mark = MARK_CANDIDATE;
  struct reach_object object = object_of(record);
  size_t bytes;
  reach_mark_from(&search->world, &object, MARK_VISITED, &bytes);
  return true;
}

static bool unmark_lost(void *context, struct object_record *record) {
  (void)context;
  if (record->mark != MARK_REACHABLE)
    record->mark = UNMARKED;
  return true;
}

static void visit_candidate(struct search *search, struct object_record *record) {
  if (record->mark != UNMARKED)
    return;
  record->mark = MARK_DIRECT;
  struct reach_object object = object_of(record);
  size_t bytes, count = reach_mark_from(&search->world, &object, MARK_INDIRECT, &bytes);
  if ((record->known & OBJECT_KNOWN_FREE) != 0)
    return; /* the program meant to free it, and was told why it could not */
  struct group *group = group_add(search, record, false);
  if (group == NULL)
    return;
  group->indirect_count += count;
  group->indirect_bytes += bytes;
  search->totals->direct_blocks++;
  search->totals->direct_bytes += record->bytes;
  search->totals->indirect_blocks += count;
  search->totals->indirect_bytes += bytes;
}

/* ---- records ---- */

static void fill_stack(struct fh_report_stack *stack, stack_id id, uint32_t thread) {
  uintptr_t frames[FH_STACK_FRAMES];
  stack->thread = thread;
  stack->count = (uint32_t)stack_load(id, frames, FH_STACK_FRAMES);
  for (size_t i = 0; i < stack->count; i++)
    stack->frames[i] = frames[i];
}

static void fill_object(struct fh_report_object *object, const struct object_record *record) {
  object->start = record->start;
  object->bytes = record->bytes;
  object->state = FH_OBJECT_LIVE;
  object->guarded = record->fenced == 0;
  object->made_by = record->made_by;
  fill_stack(&object->allocated, record->allocated, record->allocated_thread);
}

static void write_group(const struct group *group, struct report_sink *sink) {
  struct fh_report report;
  memset(&report, 0, sizeof report);
  report.head.type = FH_RECORD_REPORT;
  report.head.bytes = sizeof report;
  report.kind = FH_REPORT_LEAK;
  report.flags = group->reachable ? FH_REPORT_REACHABLE : 0;
  report.address = group->example->start;
  report.count = group->count;
  report.direct_bytes = group->bytes;
  report.indirect_count = group->indirect_count;
  report.indirect_bytes = group->indirect_bytes;
  fill_object(&report.object, group->example);
  sink->write(sink, &report);
}

void leaks_search(const ucontext_t *here, bool reachable, size_t most, struct report_sink *sink,
                  struct leaks_totals *totals) {
  memset(totals, 0, sizeof *totals);
  struct search search = {.world = world_now(),
                          .totals = totals,
                          .with_reachable = reachable,
                          .enough = true,
                          .candidates = SEQUENCE_OF(struct object_record *),
                          .groups = SEQUENCE_OF(struct group)};
  checked_each_live(clear_mark, NULL);
  search.enough = reach_mark(&search.world, here);
  if (search.enough)
    heaps_mark(&search.world, MARK_REACHABLE);
  if (search.enough)
    checked_each_live(visit_first, &search);
  if (search.enough) {
    checked_each_live(unmark_lost, NULL);
    for (size_t i = search.candidates.count; search.enough && i > 0; i--)
      visit_candidate(&search, *(struct object_record **)sequence_at(&search.candidates, i - 1));
  }
  if (search.enough) {
    totals->searched = true;
    sequence_sort(&search.groups, group_before);
    for (size_t i = 0; i < search.groups.count && i < most; i++)
      write_group(sequence_at(&search.groups, i), sink);
    if (search.groups.count > most)
      totals->groups_dropped = search.groups.count - most;
  } else {
    memset(totals, 0, sizeof *totals);
  }
  sequence_release(&search.candidates);
  sequence_release(&search.groups);
  if (search.table != NULL)
    sequence_piece_release(search.table, search.table_entries * sizeof *search.table);
  reach_forget();
}

bool leaks_answer(const ucontext_t *here, bool reachable, size_t most, struct report_sink *sink,
                  struct fh_record_answer *answer) {
  struct leaks_totals totals;
  leaks_search(here, reachable, most != 0 ? most : LEAKS_GROUPS_MOST, sink, &totals);
  answer->groups_dropped = (uint32_t)totals.groups_dropped;
  answer->direct_blocks = totals.direct_blocks;
  answer->direct_bytes = totals.direct_bytes;
  answer->indirect_blocks = totals.indirect_blocks;
  answer->indirect_bytes = totals.indirect_bytes;
  answer->reachable_blocks = totals.reachable_blocks;
  answer->reachable_bytes = totals.reachable_bytes;
  return totals.searched;
}

static void write_report(struct report_sink *sink, struct fh_report *report) {
  (void)sink;
  report_write(report);
}

void leaks_at_exit(unsigned mode, const ucontext_t *here, struct leaks_totals *totals) {
  struct report_sink sink = {write_report};
  size_t missed = reach_stop_most(NULL);
  leaks_search(here, mode == LEAKS_REACHABLE, mode == LEAKS_SUMMARY ? 0 : LEAKS_GROUPS_MOST, &sink, totals);
  reach_resume_world();
  totals->threads_missed = missed;
}

/* ---- why ---- */

static bool clear_marks(void) {
  checked_each_live(clear_mark, NULL);
  return true;
}

static void describe(struct fh_chain_step *step, const struct reach_object *object) {
  const struct object_record *owner = object->owner;
  step->object = owner->start;
  step->object_bytes = owner->bytes;
  fill_stack(&step->allocated, owner->allocated, owner->allocated_thread);
}

size_t leaks_why(const ucontext_t *here, uintptr_t address, struct fh_record_chain *record,
                 struct fh_chain_step *steps, size_t most) {
  static const struct chain_client client = {clear_marks, describe};
  struct reach_world world = world_now();
  size_t filled = chain_fill(&world, here, address, &client, record, steps, most);
  reach_forget();
  return filled;
}
