#include "tool/report/findings.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "tool/report/hash.h"
#include "tool/report/memory.h"
#include "tool/report/sentence.h"

struct findings *findings_create(struct finding_filter *filter) {
  struct findings *findings = memory_allocate(1, sizeof *findings);
  findings->filter = filter;
  findings->symbols = symbols_create();
  findings->run = 1;
  return findings;
}

static void destroy_finding(struct finding *finding) {
  free(finding->sentence);
  free(finding->suppression);
  frames_destroy(&finding->at);
  frames_destroy(&finding->object.allocated);
  frames_destroy(&finding->object.freed);
  frames_destroy(&finding->earlier.allocated);
  frames_destroy(&finding->earlier.freed);
  free(finding);
}

void findings_destroy(struct findings *findings) {
  for (size_t i = 0; i < findings->count; i++)
    destroy_finding(findings->all[i]);
  free(findings->all);
  free(findings->table);
  for (size_t i = 0; i < findings->process_count; i++) {
    free(findings->processes[i]->command_line);
    free(findings->processes[i]);
  }
  free(findings->processes);
  for (size_t i = 0; i < findings->mappings_count; i++) {
    mappings_destroy(findings->mappings[i]);
    free(findings->mappings[i]);
  }
  free(findings->mappings);
  for (size_t i = 0; i < findings->chain_count; i++) {
    for (size_t j = 0; j < findings->chains[i].count; j++)
      frames_destroy(&findings->chains[i].allocated[j]);
    free(findings->chains[i].allocated);
    free(findings->chains[i].steps);
  }
  free(findings->chains);
  symbols_destroy(findings->symbols);
  free(findings);
}

static struct checked_process *begin_process(struct findings *findings, uint32_t pid) {
  struct checked_process *process = memory_allocate(1, sizeof *process);
  process->pid = pid;
  process->run = findings->run;
  process->command_line = memory_copy("");
  findings->processes =
      memory_grow(findings->processes, findings->process_count, &findings->process_room, sizeof(void *));
  return findings->processes[findings->process_count++] = process;
}

/* The process as it is now; one whose beginning was lost begins here. */
static struct checked_process *process_of(struct findings *findings, uint32_t pid) {
  for (size_t i = findings->process_count; i > 0; i--)
    if (findings->processes[i - 1]->pid == pid && findings->processes[i - 1]->run == findings->run)
      return findings->processes[i - 1];
  return begin_process(findings, pid);
}

static void take_process(struct findings *findings, const struct fh_record_process *record) {
  struct checked_process *process = begin_process(findings, record->head.pid);
  process->parent = record->parent;
  const char *bytes = (const char *)(record + 1);
  struct text line = {0};
  for (size_t at = 0; at < record->bytes;) {
    size_t length = strnlen(bytes + at, record->bytes - at);
    char *word = memory_copy_bytes(bytes + at, length);
    text_add(&line, line.length > 0 ? " " : "");
    text_add_clean(&line, word);
    free(word);
    at += length + 1;
  }
  free(process->command_line);
  process->command_line = text_take(&line);
}

static void take_mappings(struct findings *findings, const struct fh_record_mappings *record) {
  struct mappings *mappings = memory_allocate(1, sizeof *mappings);
  *mappings = mappings_parse((const char *)(record + 1), record->bytes);
  findings->mappings =
      memory_grow(findings->mappings, findings->mappings_count, &findings->mappings_room, sizeof(void *));
  findings->mappings[findings->mappings_count++] = mappings;
  process_of(findings, record->head.pid)->mappings = mappings;
}

/* A path, a file's name, or what stands before its ".so". */
static bool names_module(const char *name, const struct frame *frame) {
  const char *base = frame_module_name(frame);
  size_t length = strlen(name);
  return fnmatch(name, frame->module, 0) == 0 || fnmatch(name, base, 0) == 0 ||
         (strncmp(base, name, length) == 0 && strncmp(base + length, ".so", 3) == 0);
}

static bool is_among(const char **names, size_t count, const struct frame *frame) {
  for (size_t i = 0; i < count; i++)
    if (frame != NULL && names_module(names[i], frame))
      return true;
  return false;
}

const struct frames *finding_place(const struct finding *finding) {
  return finding->at.count > 0 && finding->report.kind != FH_REPORT_LEAK ? &finding->at : &finding->object.allocated;
}

static uint64_t fingerprint_of(const struct fh_report *report, const struct mappings *mappings) {
  uint32_t reachable = report->flags & FH_REPORT_REACHABLE;
  uint64_t hash = hash_bytes(HASH_START, &report->kind, sizeof report->kind);
  hash = hash_bytes(hash, &reachable, sizeof reachable);
  hash = hash_bytes(hash, &report->access, sizeof report->access);
  hash = hash_bytes(hash, report->call, strlen(report->call));
  enum { ENOUGH_FRAMES = 8 };
  /* Blocks that were lost are told apart by their whole stack, as the library does. */
  bool by_place = report->at.count > 0 && report->kind != FH_REPORT_LEAK;
  return by_place ? frames_hash(hash, &report->at, mappings, ENOUGH_FRAMES)
                  : frames_hash(hash, &report->object.allocated, mappings, FH_STACK_FRAMES);
}

static struct finding **slot_of(const struct findings *findings, uint64_t fingerprint) {
  size_t at = fingerprint % findings->table_room;
  while (findings->table[at] != NULL && findings->table[at]->fingerprint != fingerprint)
    at = (at + 1) % findings->table_room;
  return &findings->table[at];
}

static void grow_table(struct findings *findings) {
  enum { FIRST_ROOM = 256 };
  if (findings->table_room > 2 * findings->count)
    return;
  free(findings->table);
  findings->table_room = findings->table_room == 0 ? FIRST_ROOM : 2 * findings->table_room;
  findings->table = memory_allocate(findings->table_room, sizeof(void *));
  for (size_t i = 0; i < findings->count; i++)
    *slot_of(findings, findings->all[i]->fingerprint) = findings->all[i];
}

static void resolve(struct findings *findings, struct finding *finding) {
  const struct mappings *mappings = finding->process->mappings;
  const struct fh_report *report = &finding->report;
  finding->at = frames_resolve(&report->at, mappings, findings->symbols);
  finding->object.allocated = frames_resolve(&report->object.allocated, mappings, findings->symbols);
  finding->object.freed = frames_resolve(&report->object.freed, mappings, findings->symbols);
  finding->earlier.allocated = frames_resolve(&report->earlier.allocated, mappings, findings->symbols);
  finding->earlier.freed = frames_resolve(&report->earlier.freed, mappings, findings->symbols);
}

static uint64_t larger(uint64_t one, uint64_t other) {
  return one > other ? one : other;
}

/* Another process has lost blocks of the same place: after a fork as a rule the same ones. */
static void take_leak_again(struct finding *finding, const struct fh_report *report) {
  finding->report.count = larger(finding->report.count, report->count);
  finding->report.direct_bytes = larger(finding->report.direct_bytes, report->direct_bytes);
  finding->report.indirect_count = larger(finding->report.indirect_count, report->indirect_count);
  finding->report.indirect_bytes = larger(finding->report.indirect_bytes, report->indirect_bytes);
  free(finding->sentence);
  finding->sentence = sentence_of_report(&finding->report);
}

/* Counts a report of a finding; true when it is one to show. */
static bool count_report(struct findings *findings, const struct finding *finding) {
  if (finding->suppressed) {
    findings->suppressed++;
    return false;
  }
  findings->reports++;
  findings->errors += finding->is_error;
  return true;
}

static const struct finding *take_report(struct findings *findings, const struct fh_report *report) {
  const struct finding_filter *filter = findings->filter;
  if (filter->only_pid != 0 && report->head.pid != filter->only_pid) {
    findings->filtered++;
    return NULL;
  }
  const struct checked_process *process = process_of(findings, report->head.pid);
  uint64_t fingerprint = fingerprint_of(report, process->mappings);
  grow_table(findings);
  struct finding **slot = slot_of(findings, fingerprint);
  if (*slot != NULL) {
    (*slot)->times++;
    if (report->kind == FH_REPORT_LEAK)
      take_leak_again(*slot, report);
    count_report(findings, *slot);
    return NULL;
  }
  struct finding *finding = memory_allocate(1, sizeof *finding);
  finding->report = *report;
  finding->process = process;
  finding->times = 1;
  finding->fingerprint = fingerprint;
  finding->is_error = (report->flags & FH_REPORT_REACHABLE) == 0;
  resolve(findings, finding);
  const struct frames *place = finding_place(finding);
  const struct frame *responsible = frames_responsible(place);
  if (is_among(filter->ignored, filter->ignored_count, responsible) ||
      (filter->only_count > 0 && !is_among(filter->only, filter->only_count, responsible))) {
    findings->filtered++;
    destroy_finding(finding);
    return NULL;
  }
  const char *kind = fh_report_kind_id(report->kind);
  finding->sentence = sentence_of_report(report);
  finding->suppression = filter->without_suppressions ? memory_copy("") : suppression_line(kind, place);
  finding->suppressed = suppressions_match(&findings->filter->suppressions, kind, place);
  findings->all = memory_grow(findings->all, findings->count, &findings->room, sizeof(void *));
  findings->all[findings->count++] = finding;
  *slot = finding;
  return count_report(findings, finding) ? finding : NULL;
}

static void take_chain(struct findings *findings, const struct fh_record_chain *record) {
  const struct mappings *mappings = process_of(findings, record->head.pid)->mappings;
  struct finding_chain chain = {.address = record->address, .found = record->found != 0, .count = record->steps};
  chain.steps = memory_allocate(chain.count, sizeof *chain.steps);
  memcpy(chain.steps, record + 1, chain.count * sizeof *chain.steps);
  chain.allocated = memory_allocate(chain.count, sizeof *chain.allocated);
  for (size_t i = 0; i < chain.count; i++)
    chain.allocated[i] = frames_resolve(&chain.steps[i].allocated, mappings, findings->symbols);
  findings->chains = memory_grow(findings->chains, findings->chain_count, &findings->chain_room, sizeof chain);
  findings->chains[findings->chain_count++] = chain;
}

const struct finding *findings_take(struct findings *findings, const struct fh_record_head *record) {
  switch (record->type) {
  case FH_RECORD_PROCESS:
    take_process(findings, (const struct fh_record_process *)record);
    break;
  case FH_RECORD_MAPPINGS:
    take_mappings(findings, (const struct fh_record_mappings *)record);
    break;
  case FH_RECORD_BUILD_IDS: {
    const struct fh_record_build_ids *ids = (const struct fh_record_build_ids *)record;
    struct mappings *mappings = process_of(findings, record->pid)->mappings;
    if (mappings != NULL)
      mappings_take_build_ids(mappings, (const struct fh_build_id *)(ids + 1), ids->count);
    break;
  }
  case FH_RECORD_REPORT:
    return take_report(findings, (const struct fh_report *)record);
  case FH_RECORD_SUMMARY: {
    struct checked_process *process = process_of(findings, record->pid);
    process->summary = *(const struct fh_record_summary *)record;
    process->has_summary = true;
    break;
  }
  case FH_RECORD_CHAIN:
    take_chain(findings, (const struct fh_record_chain *)record);
    break;
  case FH_RECORD_ANSWER:
    findings->answer = *(const struct fh_record_answer *)record;
    break;
  default:
    break;
  }
  return NULL;
}

static int64_t bytes_of(const struct finding *finding) {
  return finding == NULL ? 0 : (int64_t)(finding->report.direct_bytes + finding->report.indirect_bytes);
}

static int64_t blocks_of(const struct finding *finding) {
  return finding == NULL ? 0 : (int64_t)(finding->report.count + finding->report.indirect_count);
}

static int more_growth_before(const void *one, const void *other) {
  const struct finding *first = *(struct finding *const *)one, *second = *(struct finding *const *)other;
  if (first->grown_bytes != second->grown_bytes)
    return first->grown_bytes > second->grown_bytes ? -1 : 1;
  return (bytes_of(second) > bytes_of(first)) - (bytes_of(second) < bytes_of(first));
}

void findings_compare(struct findings *findings, const struct findings *before, double seconds) {
  findings->compared_seconds = seconds;
  for (size_t i = 0; i < findings->count; i++) {
    struct finding *finding = findings->all[i];
    const struct finding *earlier = before->table_room > 0 ? *slot_of(before, finding->fingerprint) : NULL;
    finding->grown_bytes = bytes_of(finding) - bytes_of(earlier);
    finding->grown_blocks = blocks_of(finding) - blocks_of(earlier);
  }
  if (findings->count > 0)
    qsort(findings->all, findings->count, sizeof findings->all[0], more_growth_before);
}

size_t findings_grown(const struct findings *findings) {
  size_t grown = 0;
  for (size_t i = 0; i < findings->count; i++)
    grown += findings->all[i]->grown_bytes > 0;
  return grown;
}

struct finding_totals findings_totals(const struct findings *findings) {
  static const double nanoseconds_per_second = 1e9;
  struct finding_totals totals = {.processes = findings->process_count};
  for (size_t i = 0; i < findings->process_count; i++) {
    const struct checked_process *process = findings->processes[i];
    const struct fh_record_summary *summary = &process->summary;
    bool counts = findings->filter->only_pid == 0 || findings->filter->only_pid == process->pid;
    if (!process->has_summary || !counts)
      continue;
    totals.summaries++;
    totals.allocations += summary->allocations;
    totals.allocated_bytes += summary->allocated_bytes;
    totals.frees += summary->frees;
    totals.guarded += summary->guarded;
    totals.fenced += summary->fenced;
    totals.watched += summary->watched;
    totals.dropped += summary->reports_dropped;
    totals.failed_on_order += summary->failed_on_order;
    if (summary->leaks_searched != 0) {
      totals.leaks_searched = true;
      totals.lost_objects = larger(totals.lost_objects, summary->leaked_objects);
      totals.lost_bytes = larger(totals.lost_bytes, summary->leaked_bytes);
      totals.reachable_objects = larger(totals.reachable_objects, summary->reachable_objects);
      totals.reachable_bytes = larger(totals.reachable_bytes, summary->reachable_bytes);
    }
    totals.collections = larger(totals.collections, summary->collections);
    double longest = (double)summary->longest_pause_nanoseconds / nanoseconds_per_second;
    if (longest > totals.longest_pause_seconds)
      totals.longest_pause_seconds = longest;
    totals.peak_live_bytes = larger(totals.peak_live_bytes, summary->peak_live_bytes);
    totals.peak_rss_bytes = larger(totals.peak_rss_bytes, summary->peak_rss_bytes);
    totals.guard_peak_bytes = larger(totals.guard_peak_bytes, summary->guard_peak_bytes);
    double seconds = (double)summary->nanoseconds / nanoseconds_per_second;
    if (seconds >= totals.seconds) {
      totals.seconds = seconds;
      totals.pause_seconds = (double)summary->pause_nanoseconds / nanoseconds_per_second;
      totals.check_seconds = (double)summary->check_nanoseconds / nanoseconds_per_second;
    }
  }
  const struct fh_record_answer *answer = &findings->answer;
  if (answer->status == FH_ANSWER_DONE) {
    totals.leaks_searched = true;
    totals.lost_objects += answer->direct_blocks + answer->indirect_blocks;
    totals.lost_bytes += answer->direct_bytes + answer->indirect_bytes;
    totals.reachable_objects += answer->reachable_blocks;
    totals.reachable_bytes += answer->reachable_bytes;
    totals.dropped += answer->groups_dropped;
  }
  return totals;
}
