#include "tool/proc/address_space.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tool/proc/address_bss.h"
#include "tool/proc/address_heap.h"
#include "tool/proc/address_lines.h"
#include "tool/proc/page_scan.h"
#include "tool/proc/process.h"
#include "tool/proc/small_file.h"
#include "tool/proc/smaps_read.h"
#include "tool/proc/thread_stacks.h"

const struct address_kind_facts address_kinds[ADDRESS_KIND_COUNT] = {
#define ADDRESS_KIND(symbol, name, label, letter, colour, page_colour) {name, label, letter, colour, page_colour},
#include "tool/proc/address_kinds.def"
#undef ADDRESS_KIND
};

static uint64_t clock_nanoseconds(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* ---- Who it is. ---- */

static int read_identity(pid_t pid, struct address_space *out) {
  char text[4096];
  if (small_file_of(pid, "comm", text, sizeof text) < 0)
    return errno == ENOENT ? ESRCH : errno;
  text[strcspn(text, "\n")] = '\0';
  snprintf(out->command, sizeof out->command, "%.*s", (int)sizeof out->command - 1, text);
  ssize_t got = small_file_of(pid, "stat", text, sizeof text);
  const char *end = got > 0 ? strrchr(text, ')') : NULL;
  out->parent = end != NULL ? (pid_t)atol(end + strlen(") S ")) : 0;
  got = small_file_of(pid, "cmdline", text, sizeof text);
  for (ssize_t i = 0; i + 1 < got; i++)
    if (text[i] == '\0')
      text[i] = ' ';
  out->command_line = strdup(got > 0 ? text : "");
  return out->command_line != NULL ? 0 : ENOMEM;
}

/* ---- The deep looks. ---- */

struct placing {
  struct address_space *space;
  size_t region, span; /* how far each list was gone through */
};

static void place_run(void *context, const struct page_run *run) {
  struct placing *placing = context;
  struct address_space *space = placing->space;
  while (placing->region < space->region_count && space->regions[placing->region].end <= run->start)
    placing->region++;
  for (size_t i = placing->region; i < space->region_count && space->regions[i].start < run->end; i++) {
    struct address_region *region = &space->regions[i];
    struct page_run part = *run;
    if (part.start < region->start)
      part.start = region->start;
    if (part.end > region->end)
      part.end = region->end;
    page_counts_add_run(&region->pages, &part, part.end - part.start);
    if (space->has_heap && region->kind == ADDRESS_HEAP)
      heap_view_add_run(&space->heap, &part, &placing->span);
  }
}

static int look_at_pages(struct address_space *space) {
  int error;
  struct page_scan *scan = page_scan_open(space->pid, &error);
  if (scan == NULL)
    return error;
  struct placing placing = {.space = space};
  /* Regions side by side are scanned as one. */
  for (size_t i = 0; i < space->region_count && error == 0;) {
    size_t last = i;
    while (last + 1 < space->region_count && space->regions[last + 1].start == space->regions[last].end)
      last++;
    if (strcmp(space->regions[i].name, "[vsyscall]") != 0)
      error = page_scan_range(scan, space->regions[i].start, space->regions[last].end, place_run, &placing);
    i = last + 1;
  }
  page_scan_cost(scan, &space->cost.calls, &space->cost.longest_call_nanoseconds);
  page_scan_close(scan);
  return error;
}

static void place_mapping(void *context, uint64_t start, uint64_t end, const struct page_counts *pages) {
  struct address_space *space = context;
  struct address_region *best = NULL;
  /* Of a mapping that serves two purposes, the pages are where the writing is: in the slices in use. */
  size_t at = address_regions_find(space->regions, space->region_count, start);
  for (size_t i = at; i < space->region_count && space->regions[i].start < end; i++)
    if (best == NULL || space->regions[i].kind == ADDRESS_HEAP)
      best = &space->regions[i];
  if (best != NULL)
    page_counts_add(&best->pages, pages);
}

static int look_deep(struct address_space *space) {
  int error = look_at_pages(space);
  space->depth = ADDRESS_DEPTH_PAGES;
  if (error != ENOTSUP)
    return error;
  space->depth = ADDRESS_DEPTH_SMAPS;
  return smaps_read(space->pid, place_mapping, space, &space->cost.calls, &space->cost.longest_call_nanoseconds);
}

static void add_up(struct address_space *space) {
  for (size_t i = 0; i < space->region_count; i++) {
    page_counts_add(&space->kinds[space->regions[i].kind], &space->regions[i].pages);
    page_counts_add(&space->total, &space->regions[i].pages);
  }
}

static int read_everything(struct address_space *out, const struct address_request *request) {
  int error = read_identity(out->pid, out);
  if (error == 0)
    error = memory_counters_read(out->pid, &out->counters);
  if (error != 0)
    return error;
  int heap_error = heap_view_read(out->pid, request->deep, &out->heap);
  if (heap_error == ESRCH || heap_error == EPERM || heap_error == EACCES || heap_error == ENOMEM)
    return heap_error;
  out->has_heap = heap_error == 0; /* any other reason: it is looked at from outside, like everybody's */
  struct address_regions regions;
  error = address_lines_read(out->pid, &regions);
  if (error != 0)
    return error;
  bool good =
      address_bss_mark(out->pid, &regions) &&
      (!out->has_heap || (address_heap_mark(&regions, &out->heap) && address_heap_mark_guarded(out->pid, &regions)));
  error = good ? thread_stacks_find(out->pid, &regions) : ENOMEM;
  out->regions = regions.all;
  out->region_count = regions.count;
  if (error == 0 && request->deep)
    error = look_deep(out);
  /* A process that ended meanwhile has an empty list, or none. */
  if (error == 0 && out->region_count == 0 && out->counters.reserved_bytes != 0)
    error = ESRCH;
  add_up(out);
  return error;
}

int address_space_read(pid_t pid, const struct address_request *request, struct address_space *out) {
  memset(out, 0, sizeof *out);
  uint64_t started = clock_nanoseconds(CLOCK_MONOTONIC), used = clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
  out->pid = pid;
  out->taken_at = (uint64_t)time(NULL);
  int error = read_everything(out, request);
  out->cost.nanoseconds = clock_nanoseconds(CLOCK_MONOTONIC) - started;
  out->cost.processor_nanoseconds = clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - used;
  if (error != 0)
    address_space_destroy(out);
  return error;
}

void address_space_destroy(struct address_space *space) {
  for (size_t i = 0; i < space->region_count; i++)
    free(space->regions[i].name);
  free(space->regions);
  free(space->command_line);
  heap_view_destroy(&space->heap);
  memset(space, 0, sizeof *space);
}

void address_space_add(struct address_space *to, const struct address_space *from) {
#define MEMORY_COUNTER(name, status, label) to->counters.name += from->counters.name;
  MEMORY_COUNTERS(MEMORY_COUNTER)
#undef MEMORY_COUNTER
  for (size_t i = 0; i < ADDRESS_KIND_COUNT; i++)
    page_counts_add(&to->kinds[i], &from->kinds[i]);
  page_counts_add(&to->total, &from->total);
  to->cost.nanoseconds += from->cost.nanoseconds;
  to->cost.processor_nanoseconds += from->cost.processor_nanoseconds;
  to->cost.calls += from->cost.calls;
  if (from->cost.longest_call_nanoseconds > to->cost.longest_call_nanoseconds)
    to->cost.longest_call_nanoseconds = from->cost.longest_call_nanoseconds;
}
