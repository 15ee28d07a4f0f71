#include <jansson.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "freehold.h"
#include "tool/report/check_report.h"
#include "tool/report/json_text.h"
#include "tool/report/sentence.h"

static json_t *text_or_null(const char *text) {
  return text != NULL && text[0] != '\0' ? json_text(text) : json_null();
}

static json_t *number_or_null(int number) {
  return number > 0 ? json_integer(number) : json_null();
}

/* Addresses as text: JSON's numbers are doubles to many a reader, and lose the last bits. */
static json_t *address(uint64_t value) {
  char text[32];
  snprintf(text, sizeof text, "0x%" PRIx64, value);
  return json_string(text);
}

static json_t *count(uint64_t value) {
  return json_integer((json_int_t)(value > INT64_MAX ? INT64_MAX : value));
}

static json_t *frames_to_json(const struct frames *frames) {
  json_t *array = json_array();
  for (size_t i = 0; i < frames->count; i++) {
    const struct frame *frame = &frames->all[i];
    json_array_append_new(array, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "function",
                                           text_or_null(frame->function), "file", text_or_null(frame->file), "line",
                                           number_or_null(frame->line), "column", number_or_null(frame->column),
                                           "module", text_or_null(frame->module), "offset",
                                           frame->module[0] != '\0' ? address(frame->offset) : json_null(), "address",
                                           address(frame->address), "inlined", (int)frame->inlined));
  }
  return array;
}

static json_t *thread_to_json(const struct fh_report_stack *stack) {
  if (stack->thread == 0)
    return json_null();
  return json_pack("{s:o, s:o}", "id", count(stack->thread), "name", text_or_null(stack->thread_name));
}

static json_t *object_to_json(const struct fh_report_object *object, const struct finding_object *stacks) {
  static const char *const states[] = {NULL, "live", "freed"};
  if (object->state != FH_OBJECT_LIVE && object->state != FH_OBJECT_FREED)
    return json_null();
  return json_pack("{s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "start", address(object->start), "bytes",
                   count(object->bytes), "state", states[object->state], "guarded", object->guarded != 0,
                   "allocated_by", text_or_null(sentence_allocator(object->made_by)), "allocation_stack",
                   frames_to_json(&stacks->allocated), "allocation_thread", thread_to_json(&object->allocated),
                   "freed_by", text_or_null(sentence_deallocator(object->freed_by)), "free_stack",
                   frames_to_json(&stacks->freed), "free_thread", thread_to_json(&object->freed));
}

static json_t *access_to_json(const struct fh_report *report) {
  if (report->kind == FH_REPORT_LEAK)
    return json_null();
  bool is_known = report->access > FH_ACCESS_UNKNOWN && report->access <= FH_ACCESS_EXECUTE;
  json_t *offset = json_null();
  if (report->object.state != FH_OBJECT_NONE)
    offset = json_integer((json_int_t)(report->address - report->object.start));
  return json_pack("{s:s, s:o, s:o, s:o}", "kind", is_known ? sentence_access(report->access) : "unknown", "bytes",
                   report->access_bytes != 0 ? count(report->access_bytes) : json_null(), "address",
                   address(report->address), "offset", offset);
}

static json_t *leak_to_json(const struct findings *findings, const struct finding *finding) {
  const struct fh_report *report = &finding->report;
  if (report->kind != FH_REPORT_LEAK)
    return json_null();
  json_t *json =
      json_pack("{s:o, s:o, s:o, s:o, s:b}", "blocks", count(report->count), "bytes", count(report->direct_bytes),
                "indirect_blocks", count(report->indirect_count), "indirect_bytes", count(report->indirect_bytes),
                "reachable", (report->flags & FH_REPORT_REACHABLE) != 0);
  if (findings->compared_seconds > 0)
    json_object_set_new(json, "growth",
                        json_pack("{s:I, s:I, s:f}", "bytes", (json_int_t)finding->grown_bytes, "blocks",
                                  (json_int_t)finding->grown_blocks, "seconds", findings->compared_seconds));
  return json;
}

static json_t *finding_to_json(const struct findings *findings, const struct finding *finding) {
  const struct fh_report *report = &finding->report;
  char fingerprint[32];
  snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, finding->fingerprint);
  json_t *json =
      json_pack("{s:s, s:s, s:o, s:s, s:s, s:b, s:b, s:b, s:o, s:s}", "id", fh_report_kind_id(report->kind),
                "severity", finding->is_error ? "error" : "note", "message", json_text(finding->sentence), "what",
                fh_report_kind_what(report->kind), "advice", fh_report_kind_advice(report->kind), "fatal",
                (report->flags & FH_REPORT_FATAL) != 0, "found_late", (report->flags & FH_REPORT_FOUND_LATE) != 0,
                "suppressed", (int)finding->suppressed, "times", count(finding->times), "fingerprint", fingerprint);
  json_object_set_new(json, "cwe", number_or_null((int)fh_report_kind_cwe(report->kind)));
  json_object_set_new(json, "call", text_or_null(report->call));
  json_object_set_new(json, "detail", text_or_null(report->detail));
  json_object_set_new(json, "process",
                      json_pack("{s:o, s:o, s:o}", "id", count(report->head.pid), "command_line",
                                json_text(finding->process->command_line), "run", count(finding->process->run)));
  json_object_set_new(json, "thread", thread_to_json(&report->at));
  json_object_set_new(json, "access", access_to_json(report));
  json_object_set_new(json, "stack", frames_to_json(&finding->at));
  json_object_set_new(json, "leak", leak_to_json(findings, finding));
  bool failed_call = (report->flags & FH_REPORT_FAILED_CALL) != 0;
  bool is_leak = report->kind == FH_REPORT_LEAK;
  json_object_set_new(json, "object", failed_call ? json_null() : object_to_json(&report->object, &finding->object));
  json_object_set_new(json, "earlier_object", object_to_json(&report->earlier, &finding->earlier));
  json_object_set_new(json, "failed_allocation_stack",
                      failed_call ? frames_to_json(&finding->object.allocated) : json_null());
  json_object_set_new(json, "allocation_stack", is_leak ? frames_to_json(&finding->object.allocated) : json_null());
  json_object_set_new(json, "suppression", json_text(finding->suppression));
  return json;
}

static json_t *chain_to_json(const struct finding_chain *chain) {
  static const char *const roots[] = {NULL, "register", "stack", "data", "thread-local", "kernel", "collector"};
  json_t *steps = json_array();
  for (size_t i = 0; i < chain->count; i++) {
    const struct fh_chain_step *step = &chain->steps[i];
    const char *root = step->root < sizeof roots / sizeof roots[0] ? roots[step->root] : NULL;
    json_array_append_new(steps,
                          json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "root", text_or_null(root), "root_name",
                                    text_or_null(step->root_name), "from", address(step->from), "block",
                                    address(step->object), "block_bytes", count(step->object_bytes), "cycle_blocks",
                                    count(step->cycle), "allocation_stack", frames_to_json(&chain->allocated[i])));
  }
  return json_pack("{s:o, s:b, s:o}", "address", address(chain->address), "kept", (int)chain->found, "steps", steps);
}

static json_t *totals_to_json(const struct findings *findings, const struct check_outcome *outcome) {
  struct finding_totals totals = findings_totals(findings);
  json_t *json = json_object();
  const struct {
    const char *name;
    uint64_t value;
  } counts[] = {
      {"errors", findings->errors},
      {"reports", findings->reports},
      {"suppressed_reports", findings->suppressed},
      {"filtered_reports", findings->filtered},
      {"dropped_reports", totals.dropped},
      {"processes", totals.processes},
      {"processes_with_summary", totals.summaries},
      {"allocations", totals.allocations},
      {"allocated_bytes", totals.allocated_bytes},
      {"frees", totals.frees},
      {"guarded_allocations", totals.guarded},
      {"fenced_allocations", totals.fenced},
      {"watched_allocations", totals.watched},
      {"failed_on_order", totals.failed_on_order},
      {"peak_live_bytes", totals.peak_live_bytes},
      {"peak_rss_bytes", totals.peak_rss_bytes},
      {"peak_guard_bytes", totals.guard_peak_bytes},
      {"damaged_record_bytes", outcome->damaged_bytes},
      {"foreign_records", outcome->foreign_records},
      {"processes_left", outcome->left_count},
  };
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
    json_object_set_new(json, counts[i].name, count(counts[i].value));
  const struct {
    const char *name;
    uint64_t value;
  } leaks[] = {{"lost_blocks", totals.lost_objects},
               {"lost_bytes", totals.lost_bytes},
               {"reachable_blocks", totals.reachable_objects},
               {"reachable_bytes", totals.reachable_bytes}};
  for (size_t i = 0; i < sizeof leaks / sizeof leaks[0]; i++)
    json_object_set_new(json, leaks[i].name, totals.leaks_searched ? count(leaks[i].value) : json_null());
  json_object_set_new(json, "leak_bound_passed", json_boolean(outcome->leak_bound_passed));
  json_object_set_new(json, "peak_bound_passed", json_boolean(outcome->peak_bound_passed));
  json_object_set_new(json, "wall_seconds", json_real(totals.seconds));
  json_object_set_new(json, "check_seconds", json_real(totals.check_seconds));
  return json;
}

static json_t *runs_to_json(const struct check_outcome *outcome) {
  json_t *runs = json_array();
  for (size_t i = 0; i < outcome->run_count; i++) {
    const struct check_run *run = &outcome->runs[i];
    json_array_append_new(runs,
                          json_pack("{s:i, s:o, s:b, s:o, s:o}", "exit_code", run->code, "signal",
                                    number_or_null(run->signal), "timed_out", (int)run->timed_out, "failed_site",
                                    number_or_null((int)run->failed_site), "errors", count(run->errors)));
  }
  return runs;
}

int check_json_write(const struct findings *findings, const struct check_outcome *outcome, FILE *to) {
  json_t *program = json_array(), *reports = json_array(), *chains = json_array(), *unused = json_array();
  for (char **word = outcome->program; word != NULL && *word != NULL; word++)
    json_array_append_new(program, json_text(*word));
  for (size_t i = 0; i < findings->count; i++)
    json_array_append_new(reports, finding_to_json(findings, findings->all[i]));
  for (size_t i = 0; i < findings->chain_count; i++)
    json_array_append_new(chains, chain_to_json(&findings->chains[i]));
  const struct suppressions *suppressions = &findings->filter->suppressions;
  for (size_t i = 0; i < suppressions->count; i++)
    if (suppressions->all[i].used == 0)
      json_array_append_new(unused, json_text(suppressions->all[i].line));
  json_t *root = json_pack("{s:s, s:s, s:o, s:i, s:o, s:o, s:o, s:o, s:o}", "schema", "check-1", "version",
                           FH_VERSION_STRING, "program", program, "exit_code", outcome->exit_code, "runs",
                           runs_to_json(outcome), "reports", reports, "chains", chains, "unused_suppressions", unused,
                           "summary", totals_to_json(findings, outcome));
  int result = root == NULL ? -1 : json_dumpf(root, to, JSON_INDENT(2));
  json_decref(root);
  fputc('\n', to);
  return result != 0 || fflush(to) != 0 || ferror(to) ? -1 : 0;
}
