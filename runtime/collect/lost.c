#include "collect/lost.h"
#include "base/options.h"
#include "base/print.h"
#include "collect/collect.h"
#include "collect/sites.h"
#include "reach/sequence.h"
#include "space/kernel.h"
#include "tell/record_file.h"
#include "trace/report_text.h"
#include "trace/modules.h"

#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* More places than this are only summed up. */
#define PLACES_MOST 500u

struct place {
  stack_id stack; /* 0: not known */
  uint64_t blocks, bytes;
};

static struct sequence places = SEQUENCE_OF(struct place);
static bool enough; /* memory */
static uint64_t began;

static void add_place(stack_id stack, uint64_t blocks, uint64_t bytes) {
  struct place *place = blocks != 0 ? sequence_push(&places) : NULL;
  if (place != NULL)
    *place = (struct place){stack, blocks, bytes};
  enough = enough && (blocks == 0 || place != NULL);
}

static void visit(void *context, stack_id id, struct stack_site *site) {
  (void)context;
  add_place(id, __atomic_load_n(&site->lost_blocks, __ATOMIC_RELAXED),
            __atomic_load_n(&site->lost_bytes, __ATOMIC_RELAXED));
}

/* The stack from the program's call on: the frames of this library on the way to the heap say nothing, and differ for
 * small and large objects. */
static stack_id without_own_frames(stack_id id, const struct module *own) {
  uintptr_t frames[STACK_FRAMES_MOST];
  size_t count = stack_load(id, frames, STACK_FRAMES_MOST), first = 0;
  while (first < count && frames[first] - own->start < own->end - own->start)
    first++;
  return stack_store_frames(frames + first, count - first);
}

static bool stack_before(const void *one, const void *other) {
  return ((const struct place *)one)->stack < ((const struct place *)other)->stack;
}

static bool larger_before(const void *one, const void *other) {
  const struct place *first = one, *second = other;
  return first->bytes != second->bytes ? first->bytes > second->bytes : first->stack < second->stack;
}

/* One place for each stack, those of most bytes first. */
static void merge_places(void) {
  struct module own;
  bool known = module_find((uintptr_t)lost_report, &own);
  for (size_t i = 0; known && i < places.count; i++) {
    struct place *place = sequence_at(&places, i);
    place->stack = without_own_frames(place->stack, &own);
  }
  sequence_sort(&places, stack_before);
  size_t kept = 0;
  for (size_t i = 0; i < places.count; i++) {
    const struct place *place = sequence_at(&places, i);
    struct place *last = kept != 0 ? sequence_at(&places, kept - 1) : NULL;
    if (last != NULL && last->stack == place->stack) {
      last->blocks += place->blocks;
      last->bytes += place->bytes;
    } else {
      *(struct place *)sequence_at(&places, kept++) = *place;
    }
  }
  while (places.count > kept)
    sequence_pop(&places);
  sequence_sort(&places, larger_before);
}

static void write_place(const struct place *place) {
  struct fh_report report;
  memset(&report, 0, sizeof report);
  report.head.type = FH_RECORD_REPORT;
  report.head.bytes = sizeof report;
  report.kind = FH_REPORT_LEAK;
  report.count = place->blocks;
  report.direct_bytes = place->bytes;
  report.object.state = FH_OBJECT_LIVE;
  report.object.bytes = place->bytes / place->blocks;
  report_fill_stack(&report.object.allocated, place->stack, 0);
  if (!report_append(&report.head))
    report_text_print(&report, STDERR_FILENO);
}

static void write_summary(const struct place *total, const struct collect_accounts *accounts) {
  struct rusage usage = {.ru_maxrss = 0};
  getrusage(RUSAGE_SELF, &usage);
  struct fh_record_summary summary = {
      .head = {.type = FH_RECORD_SUMMARY, .bytes = sizeof summary},
      .allocated_bytes = accounts->allocated_bytes,
      .reports = places.count < PLACES_MOST ? places.count : PLACES_MOST,
      .reports_dropped = places.count < PLACES_MOST ? 0 : places.count - PLACES_MOST,
      .sites = stack_count(),
      .leaks_searched = 1,
      .leaked_objects = total->blocks,
      .leaked_bytes = total->bytes,
      .reachable_bytes = accounts->live_bytes_after,
      .peak_rss_bytes = (uint64_t)usage.ru_maxrss * KIB,
      .nanoseconds = kernel_now() - began,
      .collections = accounts->cycles,
      .longest_pause_nanoseconds = accounts->pause_most,
      .pause_nanoseconds = accounts->pause_total,
  };
  if (report_append(&summary.head))
    return;
  struct text line;
  text_clear(&line);
  text_add(&line, "freehold: taken back ");
  text_add_decimal(&line, total->bytes);
  text_add(&line, " bytes in ");
  text_add_decimal(&line, total->blocks);
  text_add(&line, " blocks from ");
  text_add_decimal(&line, places.count);
  text_add(&line, " places, in ");
  text_add_decimal(&line, accounts->cycles);
  text_add(&line, " collections\n");
  text_write(&line, STDERR_FILENO);
}

void lost_report(void) {
  if (collected.allocated == NULL)
    return;
  collect_at_end();
  enough = true;
  sequence_clear(&places);
  stack_each(visit, NULL);
  struct stack_site unknown = sites_unknown();
  add_place(0, unknown.lost_blocks, unknown.lost_bytes);
  if (!enough)
    warn("no memory to list all that was taken back", NULL);
  merge_places();
  report_mappings();
  struct place total = {.stack = 0};
  for (size_t i = 0; i < places.count; i++) {
    const struct place *place = sequence_at(&places, i);
    total.blocks += place->blocks;
    total.bytes += place->bytes;
    if (i < PLACES_MOST)
      write_place(place);
  }
  struct collect_accounts accounts;
  collect_accounts_read(&accounts);
  write_summary(&total, &accounts);
  sequence_release(&places);
}

static void after_fork_in_child(void) {
  sites_clear();
  report_announce();
}

void lost_start(void) {
  if (!options.gc_report)
    return;
  began = kernel_now();
  if (!sites_start()) {
    warn("gc_report: no addresses to note where objects are allocated: nothing is listed; see ulimit -v", NULL);
    return;
  }
  report_announce();
  pthread_atfork(NULL, NULL, after_fork_in_child);
}
