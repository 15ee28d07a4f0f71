#include "tool/report/map_document.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "freehold.h"
#include "tool/report/json_text.h"

static const char schema_name[] = "map-1";

static json_t *count_of(uint64_t value) {
  return json_integer((json_int_t)(value > INT64_MAX ? INT64_MAX : value));
}

/* Addresses as text: JSON's numbers are doubles to many a reader, and lose the last bits. */
static json_t *address_of(uint64_t value) {
  char text[32];
  snprintf(text, sizeof text, "0x%" PRIx64, value);
  return json_string(text);
}

/* Without a deep look only the reserved bytes are known, and the others null. */
static void add_counts(json_t *to, const struct page_counts *counts, bool is_deep) {
  for (size_t i = 0; i < PAGE_COUNT_FIELDS; i++) {
    bool known = is_deep || page_count_fields[i].offset == offsetof(struct page_counts, reserved_bytes);
    json_object_set_new(to, page_count_fields[i].name,
                        known ? count_of(page_count_value(&page_count_fields[i], counts)) : json_null());
  }
}

static json_t *counts_to_json(const struct page_counts *counts, bool is_deep) {
  json_t *json = json_object();
  add_counts(json, counts, is_deep);
  return json;
}

static json_t *counters_to_json(const struct memory_counters *counters) {
  json_t *json = json_object();
#define MEMORY_COUNTER(name, status, label) json_object_set_new(json, #name, count_of(counters->name));
  MEMORY_COUNTERS(MEMORY_COUNTER)
#undef MEMORY_COUNTER
  return json;
}

static json_t *kinds_to_json(const struct page_counts *kinds, bool is_deep) {
  json_t *array = json_array();
  for (size_t i = 0; i < ADDRESS_KIND_COUNT; i++) {
    if (kinds[i].reserved_bytes == 0)
      continue;
    json_t *json = json_object();
    json_object_set_new(json, "kind", json_string(address_kinds[i].name));
    add_counts(json, &kinds[i], is_deep);
    json_array_append_new(array, json);
  }
  return array;
}

static json_t *region_to_json(const struct address_region *region, bool is_deep) {
  json_t *json = json_object();
  json_object_set_new(json, "start", address_of(region->start));
  json_object_set_new(json, "end", address_of(region->end));
  json_object_set_new(json, "permissions", json_string(region->permissions));
  json_object_set_new(json, "kind", json_string(address_kinds[region->kind].name));
  json_object_set_new(json, "name", json_text(region->name));
  json_object_set_new(json, "file_offset_bytes", count_of(region->file_offset));
  json_object_set_new(json, "thread_id", region->thread != 0 ? count_of((uint64_t)region->thread) : json_null());
  json_object_set_new(json, "thread_name", region->thread != 0 ? json_text(region->thread_name) : json_null());
  add_counts(json, &region->pages, is_deep);
  return json;
}

/* ---- The heap. ---- */

static json_t *class_to_json(const struct fh_class_accounts *class, bool is_large, const struct page_counts *pages,
                             bool has_pages) {
  uint64_t live = is_large ? class->object_bytes : class->live_objects * class->object_bytes;
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "object_bytes",
                   is_large ? json_null() : count_of(class->object_bytes), "spans", count_of(class->spans),
                   "live_objects", count_of(class->live_objects), "free_slots", count_of(class->free_slots),
                   "live_bytes", count_of(live), "free_slot_bytes",
                   count_of(is_large ? 0 : class->free_slots * class->object_bytes), "resident_bytes",
                   has_pages ? count_of(pages->resident_bytes) : json_null());
}

static json_t *heap_to_json(const struct heap_view *heap, bool has_pages) {
  json_t *json = json_object();
  json_object_set_new(json, "base", address_of(heap->root.base));
  json_object_set_new(json, "estimated", json_boolean(heap->estimated));
  for (size_t i = 0; i < FH_ACCOUNTS_TOTALS; i++) {
    const struct fh_accounts_field *field = &fh_accounts_totals[i];
    static const char *const elsewhere[] = {"pid", "rss_bytes", "peak_rss_bytes", "page_bytes",
                                            /* frees of spans that were not looked at are not known */
                                            "allocated_calls", "freed_calls"};
    bool left_out = false;
    for (size_t j = 0; j < sizeof elsewhere / sizeof elsewhere[0]; j++)
      left_out |= strcmp(field->name, elsewhere[j]) == 0;
    if (!left_out)
      json_object_set_new(json, field->name, count_of(fh_accounts_value(field, &heap->accounts)));
  }
  json_t *classes = json_array();
  for (uint32_t i = 0; i < heap->accounts.class_count; i++)
    if (heap->accounts.classes[i].spans != 0)
      json_array_append_new(classes, class_to_json(&heap->accounts.classes[i], false, &heap->of_class[i], has_pages));
  json_object_set_new(json, "classes", classes);
  json_object_set_new(json, "large",
                      class_to_json(&heap->accounts.large, true, &heap->of_class[HEAP_SPAN_LARGE], has_pages));
  json_object_set_new(json, "free_resident_bytes",
                      has_pages ? count_of(heap->of_class[HEAP_SPAN_FREE].resident_bytes) : json_null());
  json_object_set_new(json, "stretch_bytes", count_of(heap->stretch_bytes));
  json_t *stretches = json_array();
  for (size_t i = 0; i < heap->stretch_count; i++) {
    const struct heap_stretch *stretch = &heap->stretches[i];
    json_array_append_new(stretches,
                          json_pack("[o, o, o]", count_of(stretch->live_bytes), count_of(stretch->held_back_bytes),
                                    has_pages ? count_of(stretch->resident_bytes) : json_null()));
  }
  json_object_set_new(json, "stretches", stretches);
  return json;
}

/* ---- Resident minus live. ---- */

static void add_part(json_t *parts, const char *part, int64_t bytes) {
  if (bytes != 0)
    json_array_append_new(parts, json_pack("{s:s, s:I}", "part", part, "bytes", (json_int_t)bytes));
}

/* The parts add up to resident_bytes - live_bytes, whatever is known. */
static json_t *explanation_to_json(const struct address_space *space) {
  if (!space->has_heap)
    return json_null();
  const struct fh_accounts *accounts = &space->heap.accounts;
  bool is_deep = space->depth != ADDRESS_DEPTH_COUNTERS;
  uint64_t resident = is_deep ? space->total.resident_bytes : space->counters.resident_bytes;
  int64_t left = (int64_t)(resident - accounts->live_bytes);
  json_t *parts = json_array();
  add_part(parts, "free_slots", (int64_t)accounts->free_slot_bytes);
  add_part(parts, "tails", (int64_t)accounts->tail_bytes);
  add_part(parts, "free_slices", (int64_t)accounts->free_slice_bytes);
  left -= (int64_t)(accounts->free_slot_bytes + accounts->tail_bytes + accounts->free_slice_bytes);
  if (is_deep) {
    int64_t missing = (int64_t)(space->kinds[ADDRESS_HEAP].resident_bytes - accounts->heap_bytes);
    add_part(parts, "heap_not_resident", missing);
    left -= missing;
    for (size_t i = 0; i < ADDRESS_KIND_COUNT; i++)
      if (i != ADDRESS_HEAP) {
        add_part(parts, address_kinds[i].name, (int64_t)space->kinds[i].resident_bytes);
        left -= (int64_t)space->kinds[i].resident_bytes;
      }
  } else {
    add_part(parts, "heap_metadata", (int64_t)accounts->metadata_bytes);
    left -= (int64_t)accounts->metadata_bytes;
  }
  add_part(parts, "rest", left);
  return json_pack("{s:o, s:o, s:o}", "resident_bytes", count_of(resident), "live_bytes",
                   count_of(accounts->live_bytes), "parts", parts);
}

/* ---- A process, and all. ---- */

static const char *const depth_names[] = {"counters", "pages", "smaps"};

static json_t *cost_to_json(const struct address_cost *cost) {
  return json_pack("{s:o, s:o, s:o, s:o}", "wall_nanoseconds", count_of(cost->nanoseconds), "processor_nanoseconds",
                   count_of(cost->processor_nanoseconds), "calls", count_of(cost->calls), "longest_call_nanoseconds",
                   count_of(cost->longest_call_nanoseconds));
}

static json_t *process_to_json(const struct address_space *space) {
  bool is_deep = space->depth != ADDRESS_DEPTH_COUNTERS;
  bool has_pages = space->depth == ADDRESS_DEPTH_PAGES;
  json_t *regions = json_array();
  for (size_t i = 0; i < space->region_count; i++)
    json_array_append_new(regions, region_to_json(&space->regions[i], is_deep));
  json_t *json = json_object();
  json_object_set_new(json, "pid", count_of((uint64_t)space->pid));
  json_object_set_new(json, "parent_pid", count_of((uint64_t)space->parent));
  json_object_set_new(json, "command", json_text(space->command));
  json_object_set_new(json, "command_line", json_text(space->command_line));
  json_object_set_new(json, "taken_at_seconds", count_of(space->taken_at));
  json_object_set_new(json, "depth", json_string(depth_names[space->depth]));
  json_object_set_new(json, "counters", counters_to_json(&space->counters));
  json_object_set_new(json, "total", counts_to_json(&space->total, is_deep));
  json_object_set_new(json, "kinds", kinds_to_json(space->kinds, is_deep));
  json_object_set_new(json, "regions", regions);
  json_object_set_new(json, "heap", space->has_heap ? heap_to_json(&space->heap, has_pages) : json_null());
  json_object_set_new(json, "resident_minus_live", explanation_to_json(space));
  json_object_set_new(json, "cost", cost_to_json(&space->cost));
  return json;
}

json_t *map_document_make(const struct address_space *spaces, size_t count) {
  json_t *processes = json_array();
  struct address_space sum = {0};
  bool is_deep = count > 0;
  for (size_t i = 0; i < count; i++) {
    json_array_append_new(processes, process_to_json(&spaces[i]));
    address_space_add(&sum, &spaces[i]);
    is_deep = is_deep && spaces[i].depth != ADDRESS_DEPTH_COUNTERS;
  }
  json_t *document = json_object();
  json_object_set_new(document, "schema", json_string(schema_name));
  json_object_set_new(document, "version", json_string(FH_VERSION_STRING));
  json_object_set_new(document, "taken_at_seconds", count_of(count > 0 ? spaces[0].taken_at : 0));
  json_object_set_new(document, "page_bytes", count_of((uint64_t)sysconf(_SC_PAGESIZE)));
  json_object_set_new(document, "sum",
                      json_pack("{s:o, s:o, s:o, s:o}", "counters", counters_to_json(&sum.counters), "total",
                                counts_to_json(&sum.total, is_deep), "kinds", kinds_to_json(sum.kinds, is_deep),
                                "cost", cost_to_json(&sum.cost)));
  json_object_set_new(document, "processes", processes);
  return document;
}

json_t *map_document_load(const char *path, char *why, size_t room) {
  json_error_t error;
  json_t *document = json_load_file(path, 0, &error);
  if (document == NULL) {
    if (error.line > 0)
      snprintf(why, room, "no JSON: line %d: %s", error.line, error.text);
    else
      snprintf(why, room, "%s", error.text);
    return NULL;
  }
  const char *schema = map_string(document, "schema");
  const json_t *processes = json_object_get(document, "processes");
  bool sound = strcmp(schema, schema_name) == 0 && json_array_size(processes) > 0;
  size_t i;
  json_t *process;
  json_array_foreach(processes, i, process) sound = sound && json_is_array(json_object_get(process, "regions")) &&
                                                    json_is_array(json_object_get(process, "kinds")) &&
                                                    json_is_object(json_object_get(process, "total"));
  if (sound && json_is_object(json_object_get(document, "sum")))
    return document;
  if (schema[0] != '\0' && strcmp(schema, schema_name) != 0)
    snprintf(why, room, "it is a document of the schema %.40s, not %s", schema, schema_name);
  else
    snprintf(why, room, "it is not what freehold map --json writes (schema %s)", schema_name);
  json_decref(document);
  return NULL;
}

int map_document_write(const json_t *document, FILE *to) {
  int result = json_dumpf(document, to, JSON_COMPACT);
  fputc('\n', to);
  return result != 0 || fflush(to) != 0 || ferror(to) ? -1 : 0;
}

uint64_t map_number(const json_t *object, const char *name) {
  json_int_t value = json_integer_value(json_object_get(object, name));
  return value < 0 ? 0 : (uint64_t)value;
}

const char *map_string(const json_t *object, const char *name) {
  const char *text = json_string_value(json_object_get(object, name));
  return text != NULL ? text : "";
}

uint64_t map_address(const json_t *object, const char *name) {
  return strtoull(map_string(object, name), NULL, 16);
}

bool map_has(const json_t *object, const char *name) {
  const json_t *member = json_object_get(object, name);
  return member != NULL && !json_is_null(member);
}

const struct address_kind_facts *map_kind(const char *name) {
  for (size_t i = 0; i < ADDRESS_KIND_COUNT; i++)
    if (strcmp(address_kinds[i].name, name) == 0)
      return &address_kinds[i];
  return NULL;
}

const char *map_size(uint64_t bytes, char *text) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t unit = 0;
  double value = (double)bytes;
  while (value >= 1023.5 && unit + 1 < sizeof units / sizeof units[0]) {
    value /= 1024;
    unit++;
  }
  bool whole = unit == 0 || value >= 99.95 || value == (double)(uint64_t)value;
  snprintf(text, MAP_SIZE_BYTES, whole ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}
