/* check_sarif.c: SARIF 2.1.0, the form that code hosts and editors read (OASIS standard, sections in brackets). */
#include <jansson.h>

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "freehold.h"
#include "tool/report/check_report.h"
#include "tool/report/json_text.h"
#include "tool/report/memory.h"
#include "tool/report/path.h"
#include "tool/report/source.h"

/* The directory that relative paths start at [3.14.14]. */
static const char base_id[] = "HERE";

static json_t *message(const char *text) {
  return json_pack("{s:o}", "text", json_text(text));
}

static json_t *rules(void) {
  json_t *array = json_array();
  for (uint32_t kind = 0; kind < FH_REPORT_KINDS; kind++) {
    char tag[32];
    snprintf(tag, sizeof tag, "external/cwe/cwe-%u", fh_report_kind_cwe(kind));
    json_array_append_new(array, json_pack("{s:s, s:o, s:o, s:{s:s}, s:{s:[s, s]}}", "id", fh_report_kind_id(kind),
                                           "shortDescription", message(fh_report_kind_what(kind)), "help",
                                           message(fh_report_kind_advice(kind)), "defaultConfiguration", "level",
                                           "error", "properties", "tags", "memory", tag));
  }
  return array;
}

/* [3.4]; NULL where there is no file. */
static json_t *artifact(const struct frame *frame) {
  const char *path = frame->file != NULL ? frame->file : frame->module;
  if (path[0] == '\0' || path[0] == '[')
    return NULL;
  const char *seen = path_from_here(path);
  char *uri = path_to_uri(seen);
  json_t *location = json_object();
  if (seen[0] == '/') {
    struct text whole = {0};
    text_format(&whole, "file://%s", uri);
    char *text = text_take(&whole);
    json_object_set_new(location, "uri", json_string(text));
    free(text);
  } else {
    json_object_set_new(location, "uri", json_string(uri));
    json_object_set_new(location, "uriBaseId", json_string(base_id));
  }
  free(uri);
  return location;
}

static json_t *region(const struct frame *frame) {
  if (frame->file == NULL || frame->line <= 0)
    return NULL;
  json_t *region = json_pack("{s:i}", "startLine", frame->line);
  if (frame->column > 0)
    json_object_set_new(region, "startColumn", json_integer(frame->column));
  char *line = source_line(frame->file, frame->line);
  if (line != NULL)
    json_object_set_new(region, "snippet", message(line));
  free(line);
  return region;
}

/* [3.28] */
static json_t *location(const struct frame *frame, const char *text) {
  json_t *json = json_object(), *file = artifact(frame), *lines = region(frame);
  if (file != NULL) {
    json_t *physical = json_pack("{s:o}", "artifactLocation", file);
    if (lines != NULL)
      json_object_set_new(physical, "region", lines);
    json_object_set_new(json, "physicalLocation", physical);
  } else {
    json_decref(lines);
  }
  if (frame->function != NULL)
    json_object_set_new(
        json, "logicalLocations",
        json_pack("[{s:o, s:s}]", "fullyQualifiedName", json_text(frame->function), "kind", "function"));
  if (text != NULL)
    json_object_set_new(json, "message", message(text));
  return json;
}

/* The frame that a reader should look at: the innermost with a line outside of the C library, else the innermost. */
static const struct frame *frame_to_show(const struct frames *frames) {
  const struct frame *responsible = frames_responsible(frames);
  for (const struct frame *at = responsible; at != NULL && at < frames->all + frames->count; at++)
    if (at->file != NULL)
      return at;
  return responsible;
}

/* [3.44] */
static json_t *stack(const struct frames *frames, const char *text) {
  json_t *array = json_array();
  for (size_t i = 0; i < frames->count; i++) {
    json_t *frame = json_pack("{s:o}", "location", location(&frames->all[i], NULL));
    if (frames->all[i].module[0] != '\0')
      json_object_set_new(frame, "module", json_text(frame_module_name(&frames->all[i])));
    json_array_append_new(array, frame);
  }
  return json_pack("{s:o, s:o}", "message", message(text), "frames", array);
}

static void add_related(json_t *related, json_t *stacks, const struct frames *frames, const char *text) {
  const struct frame *frame = frame_to_show(frames);
  if (frame == NULL)
    return;
  json_t *place = location(frame, text);
  json_object_set_new(place, "id", json_integer((json_int_t)json_array_size(related) + 1));
  json_array_append_new(related, place);
  json_array_append_new(stacks, stack(frames, text));
}

static json_t *result_of(const struct finding *finding) {
  const struct fh_report *report = &finding->report;
  const struct frames *place = finding_place(finding);
  const struct frame *shown = frame_to_show(place);
  char fingerprint[32];
  snprintf(fingerprint, sizeof fingerprint, "%016" PRIx64, finding->fingerprint);
  json_t *result =
      json_pack("{s:s, s:s, s:o, s:{s:s}, s:o}", "ruleId", fh_report_kind_id(report->kind), "level",
                finding->is_error ? "error" : "note", "message", message(finding->sentence), "partialFingerprints",
                "freeholdStack/v1", fingerprint, "occurrenceCount", json_integer((json_int_t)finding->times));
  if (report->kind < FH_REPORT_KINDS)
    json_object_set_new(result, "ruleIndex", json_integer((json_int_t)report->kind));
  json_t *locations = json_array(), *related = json_array(), *stacks = json_array();
  if (shown != NULL)
    json_array_append_new(locations, location(shown, NULL));
  if (place->count > 0)
    json_array_append_new(stacks, stack(place, finding->sentence));
  if (place == &finding->at) {
    bool failed = (report->flags & FH_REPORT_FAILED_CALL) != 0;
    add_related(related, stacks, &finding->object.allocated,
                failed ? "this allocation was made to fail" : "the object was allocated here");
    add_related(related, stacks, &finding->object.freed, "the object was freed here");
    add_related(related, stacks, &finding->earlier.allocated, "an earlier object at this address was allocated here");
    add_related(related, stacks, &finding->earlier.freed, "an earlier object at this address was freed here");
  }
  json_object_set_new(result, "locations", locations);
  if (json_array_size(related) > 0)
    json_object_set_new(result, "relatedLocations", json_incref(related));
  json_decref(related);
  if (json_array_size(stacks) > 0)
    json_object_set_new(result, "stacks", json_incref(stacks));
  json_decref(stacks);
  if (finding->suppressed)
    json_object_set_new(result, "suppressions", json_pack("[{s:s}]", "kind", "external"));
  return result;
}

static json_t *invocation(const struct check_outcome *outcome) {
  const struct check_run *last = outcome->run_count > 0 ? &outcome->runs[outcome->run_count - 1] : NULL;
  json_t *json = json_pack("{s:b}", "executionSuccessful", 1);
  struct text line = {0};
  for (char **word = outcome->program; word != NULL && *word != NULL; word++) {
    text_add(&line, line.length > 0 ? " " : "");
    text_add(&line, *word);
  }
  char *text = text_take(&line);
  if (text[0] != '\0')
    json_object_set_new(json, "commandLine", json_text(text));
  free(text);
  if (last != NULL)
    json_object_set_new(json, "exitCode", json_integer(last->code));
  return json;
}

int check_sarif_write(const struct findings *findings, const struct check_outcome *outcome, FILE *to) {
  json_t *results = json_array();
  for (size_t i = 0; i < findings->count; i++)
    json_array_append_new(results, result_of(findings->all[i]));
  json_t *run = json_pack("{s:{s:{s:s, s:s, s:s, s:o}}, s:s, s:[o], s:o}", "tool", "driver", "name", "Freehold",
                          "version", FH_VERSION_STRING, "semanticVersion", FH_VERSION_STRING, "rules", rules(),
                          "columnKind", "unicodeCodePoints", "invocations", invocation(outcome), "results", results);
  char *here = getcwd(NULL, 0);
  if (here != NULL) {
    char *uri = path_to_uri(here);
    struct text whole = {0};
    text_format(&whole, "file://%s%s", uri, strcmp(uri, "/") == 0 ? "" : "/");
    char *text = text_take(&whole);
    json_object_set_new(run, "originalUriBaseIds", json_pack("{s:{s:s}}", base_id, "uri", text));
    free(text);
    free(uri);
  }
  free(here);
  json_t *root =
      json_pack("{s:s, s:s, s:[o]}", "$schema",
                "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
                "version", "2.1.0", "runs", run);
  int result = root == NULL ? -1 : json_dumpf(root, to, JSON_INDENT(2));
  json_decref(root);
  fputc('\n', to);
  return result != 0 || fflush(to) != 0 || ferror(to) ? -1 : 0;
}
