/* map_growth.c: what grew between two looks at the same processes. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "freehold.h"
#include "tool/report/map_document.h"
#include "tool/report/map_report.h"
#include "tool/report/memory.h"

enum { NAMES_SHOWN = 20, LABEL_COLUMNS = 44, SIZE_COLUMNS = 14 };

/* Sums under a key, of before and after. */
struct entry {
  json_t *labels; /* what the key stands for */
  int64_t before[PAGE_COUNT_FIELDS], after[PAGE_COUNT_FIELDS];
};

struct entries {
  struct entry *all;
  size_t count, room;
  json_t *index; /* key -> place in `all` */
};

static struct entry *entry_of(struct entries *entries, const char *key) {
  if (entries->index == NULL)
    entries->index = json_object();
  const json_t *place = json_object_get(entries->index, key);
  if (place != NULL)
    return &entries->all[json_integer_value(place)];
  entries->all = memory_grow(entries->all, entries->count, &entries->room, sizeof entries->all[0]);
  json_object_set_new(entries->index, key, json_integer((json_int_t)entries->count));
  return &entries->all[entries->count++];
}

static void add_counts(struct entry *entry, const json_t *counts, bool is_after) {
  int64_t *sums = is_after ? entry->after : entry->before;
  for (size_t i = 0; i < PAGE_COUNT_FIELDS; i++)
    sums[i] += (int64_t)map_number(counts, page_count_fields[i].name);
}

static void add_regions(struct entries *names, const json_t *document, bool is_after) {
  size_t i, j;
  const json_t *process, *region;
  json_array_foreach(json_object_get(document, "processes"), i, process)
      json_array_foreach(json_object_get(process, "regions"), j, region) {
    const char *kind = map_string(region, "kind");
    const char *name =
        map_has(region, "thread_name") ? map_string(region, "thread_name") : map_string(region, "name");
    struct text key = {0};
    text_format(&key, "%s\n%s", kind, name);
    struct entry *entry = entry_of(names, key.text);
    free(text_take(&key));
    if (entry->labels == NULL)
      entry->labels = json_pack("{s:s, s:s}", "kind", kind, "name", name);
    add_counts(entry, region, is_after);
  }
}

static void add_kinds(struct entries *kinds, const json_t *document, bool is_after) {
  size_t i;
  const json_t *kind;
  json_array_foreach(json_object_get(json_object_get(document, "sum"), "kinds"), i, kind) {
    struct entry *entry = entry_of(kinds, map_string(kind, "kind"));
    if (entry->labels == NULL)
      entry->labels = json_pack("{s:s}", "kind", map_string(kind, "kind"));
    add_counts(entry, kind, is_after);
  }
}

static json_t *growth_of(const struct entry *entry, bool is_deep) {
  json_t *json = json_copy(entry->labels);
  bool any = false;
  for (size_t i = 0; i < PAGE_COUNT_FIELDS; i++) {
    bool known = is_deep || i == 0;
    char name[64];
    snprintf(name, sizeof name, "%.*s_growth_bytes", (int)(strlen(page_count_fields[i].name) - strlen("_bytes")),
             page_count_fields[i].name);
    json_object_set_new(json, name, known ? json_integer(entry->after[i] - entry->before[i]) : json_null());
    any = any || (known && entry->after[i] != entry->before[i]);
  }
  if (any)
    return json;
  json_decref(json);
  return NULL;
}

static json_int_t signed_number(const json_t *object, const char *name) {
  return json_integer_value(json_object_get(object, name));
}

static json_int_t weight(const json_t *growth, const char *measure) {
  json_int_t value = signed_number(growth, measure);
  return value < 0 ? -value : value;
}

static int compare_resident(const void *one, const void *other) {
  json_int_t first = weight(*(json_t *const *)one, "resident_growth_bytes");
  json_int_t second = weight(*(json_t *const *)other, "resident_growth_bytes");
  if (first == second) {
    first = weight(*(json_t *const *)one, "reserved_growth_bytes");
    second = weight(*(json_t *const *)other, "reserved_growth_bytes");
  }
  return (first < second) - (first > second);
}

/* The entries that changed, the largest changes first. */
static json_t *changes(struct entries *entries, bool is_deep) {
  json_t **changed = memory_allocate(entries->count, sizeof(json_t *));
  size_t count = 0;
  for (size_t i = 0; i < entries->count; i++) {
    json_t *growth = growth_of(&entries->all[i], is_deep);
    if (growth != NULL)
      changed[count++] = growth;
    json_decref(entries->all[i].labels);
  }
  if (count > 0)
    qsort(changed, count, sizeof(json_t *), compare_resident);
  json_t *array = json_array();
  for (size_t i = 0; i < count; i++)
    json_array_append_new(array, changed[i]);
  free(changed);
  free(entries->all);
  json_decref(entries->index);
  return array;
}

static bool is_deep(const json_t *document) {
  return map_has(json_object_get(json_object_get(document, "sum"), "total"), "resident_bytes");
}

static json_int_t heap_sum(const json_t *document, const char *name) {
  json_int_t sum = 0;
  size_t i;
  const json_t *process;
  json_array_foreach(json_object_get(document, "processes"), i, process) sum +=
      signed_number(json_object_get(process, "heap"), name);
  return sum;
}

static void add_classes(json_t *classes, const json_t *document, int sign) {
  size_t i, j;
  const json_t *process, *class;
  json_array_foreach(json_object_get(document, "processes"), i, process) {
    const json_t *heap = json_object_get(process, "heap");
    json_array_foreach(json_object_get(heap, "classes"), j, class) {
      char key[32];
      snprintf(key, sizeof key, "%" PRIu64, map_number(class, "object_bytes"));
      json_t *entry = json_object_get(classes, key);
      json_int_t objects = signed_number(entry, "live_objects_growth"),
                 bytes = signed_number(entry, "live_growth_bytes");
      json_object_set_new(classes, key,
                          json_pack("{s:I, s:I, s:I}", "object_bytes", signed_number(class, "object_bytes"),
                                    "live_objects_growth", objects + sign * signed_number(class, "live_objects"),
                                    "live_growth_bytes", bytes + sign * signed_number(class, "live_bytes")));
    }
  }
}

static int compare_live(const void *one, const void *other) {
  json_int_t first = weight(*(json_t *const *)one, "live_growth_bytes");
  json_int_t second = weight(*(json_t *const *)other, "live_growth_bytes");
  return (first < second) - (first > second);
}

static json_t *class_changes(const json_t *before, const json_t *after) {
  json_t *classes = json_object(), *array = json_array();
  add_classes(classes, before, -1);
  add_classes(classes, after, 1);
  json_t **sorted = memory_allocate(json_object_size(classes), sizeof(json_t *));
  size_t count = 0;
  const char *key;
  json_t *class;
  json_object_foreach(classes, key, class) if (signed_number(class, "live_objects_growth") != 0) sorted[count++] =
      class;
  if (count > 0)
    qsort(sorted, count, sizeof(json_t *), compare_live);
  for (size_t i = 0; i < count; i++)
    json_array_append(array, sorted[i]);
  free(sorted);
  json_decref(classes);
  return array;
}

static json_t *heap_growth(const json_t *before, const json_t *after) {
  static const char *const members[] = {"live", "held_back", "metadata"};
  json_t *heap = json_object();
  for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
    char from[32], to[32];
    snprintf(from, sizeof from, "%s_bytes", members[i]);
    snprintf(to, sizeof to, "%s_growth_bytes", members[i]);
    json_object_set_new(heap, to, json_integer(heap_sum(after, from) - heap_sum(before, from)));
  }
  json_object_set_new(heap, "live_objects_growth",
                      json_integer(heap_sum(after, "live_objects") - heap_sum(before, "live_objects")));
  json_object_set_new(heap, "classes", class_changes(before, after));
  return heap;
}

json_t *map_growth_make(const json_t *before, const json_t *after) {
  bool deep = is_deep(before) && is_deep(after);
  struct entries kinds = {0}, names = {0};
  add_kinds(&kinds, before, false);
  add_kinds(&kinds, after, true);
  add_regions(&names, before, false);
  add_regions(&names, after, true);
  const json_t *first = json_object_get(json_object_get(before, "sum"), "counters");
  const json_t *second = json_object_get(json_object_get(after, "sum"), "counters");
  json_int_t resident = signed_number(second, "resident_bytes") - signed_number(first, "resident_bytes");
  json_int_t seconds = signed_number(after, "taken_at_seconds") - signed_number(before, "taken_at_seconds");
  return json_pack("{s:s, s:s, s:I, s:I, s:b, s:I, s:I, s:I, s:o, s:o, s:o}", "schema", "map-growth-1", "version",
                   FH_VERSION_STRING, "before_at_seconds", signed_number(before, "taken_at_seconds"), "seconds",
                   seconds, "deep", (int)deep, "resident_growth_bytes", resident, "swapped_growth_bytes",
                   signed_number(second, "swapped_bytes") - signed_number(first, "swapped_bytes"), "threads_growth",
                   signed_number(second, "threads") - signed_number(first, "threads"), "kinds", changes(&kinds, deep),
                   "names", changes(&names, deep), "heap", heap_growth(before, after));
}

/* ---- As text. ---- */

static const char *signed_size(json_int_t bytes, char *text) {
  if (bytes == 0)
    return strcpy(text, "-");
  text[0] = bytes < 0 ? '-' : '+';
  map_size((uint64_t)(bytes < 0 ? -bytes : bytes), text + 1);
  return text;
}

static void write_change(const char *label, const json_t *growth, bool deep, FILE *to) {
  char size[MAP_SIZE_BYTES + 1];
  struct text clean = {0};
  text_add_clean(&clean, label);
  char *line = text_take(&clean);
  size_t length = strlen(line), skip = length > LABEL_COLUMNS ? length - LABEL_COLUMNS + strlen("...") : 0;
  while (skip < length && ((unsigned char)line[skip] & 0xc0) == 0x80)
    skip++;
  fprintf(to, "  %s%-*s", skip > 0 ? "..." : "", LABEL_COLUMNS - (skip > 0 ? 3 : 0), line + skip);
  free(line);
  fprintf(to, "%*s", SIZE_COLUMNS, signed_size(signed_number(growth, "reserved_growth_bytes"), size));
  if (deep)
    fprintf(to, "%*s", SIZE_COLUMNS, signed_size(signed_number(growth, "resident_growth_bytes"), size));
  fputc('\n', to);
}

static const char *label_of_kind(const json_t *growth) {
  const struct address_kind_facts *facts = map_kind(map_string(growth, "kind"));
  return facts != NULL ? facts->label : map_string(growth, "kind");
}

static void write_heading(const char *text, bool deep, FILE *to) {
  fprintf(to, "\n%-*s%*s%*s\n", LABEL_COLUMNS + 2, text, SIZE_COLUMNS, "reserved", deep ? SIZE_COLUMNS : 0,
          deep ? "resident" : "");
}

void map_growth_write(const json_t *growth, FILE *to) {
  bool deep = json_is_true(json_object_get(growth, "deep"));
  char size[MAP_SIZE_BYTES + 1];
  fprintf(to, "in %" PRId64 " seconds: resident %s", (int64_t)signed_number(growth, "seconds"),
          signed_size(signed_number(growth, "resident_growth_bytes"), size));
  fprintf(to, ", swapped %s, threads %+" PRId64 "\n",
          signed_size(signed_number(growth, "swapped_growth_bytes"), size),
          (int64_t)signed_number(growth, "threads_growth"));
  const json_t *heap = json_object_get(growth, "heap");
  if (signed_number(heap, "live_growth_bytes") != 0 || signed_number(heap, "held_back_growth_bytes") != 0) {
    fprintf(to, "heap: live %s in %+" PRId64 " objects", signed_size(signed_number(heap, "live_growth_bytes"), size),
            (int64_t)signed_number(heap, "live_objects_growth"));
    fprintf(to, ", held back %s\n", signed_size(signed_number(heap, "held_back_growth_bytes"), size));
  }
  size_t i;
  const json_t *entry;
  write_heading("by purpose", deep, to);
  json_array_foreach(json_object_get(growth, "kinds"), i, entry) write_change(label_of_kind(entry), entry, deep, to);
  if (json_array_size(json_object_get(growth, "kinds")) == 0)
    fputs("  nothing changed\n", to);
  const json_t *names = json_object_get(growth, "names");
  if (json_array_size(names) > 0)
    write_heading("by name", deep, to);
  json_array_foreach(names, i, entry) {
    if (i == NAMES_SHOWN) {
      fprintf(to, "  and %zu more (--json lists them all)\n", json_array_size(names) - NAMES_SHOWN);
      break;
    }
    const char *name = map_string(entry, "name");
    struct text label = {0};
    text_format(&label, "%s%s%s", label_of_kind(entry), name[0] != '\0' ? ": " : "", name);
    write_change(label.text, entry, deep, to);
    free(text_take(&label));
  }
  const json_t *classes = json_object_get(heap, "classes");
  if (json_array_size(classes) > 0)
    fprintf(to, "\n%-*s%*s%*s\n", LABEL_COLUMNS + 2, "live objects by size", SIZE_COLUMNS, "objects", SIZE_COLUMNS,
            "bytes");
  json_array_foreach(classes, i, entry) {
    if (i == NAMES_SHOWN)
      break;
    fprintf(to, "  %-*" PRIu64 "%+*" PRId64, LABEL_COLUMNS, map_number(entry, "object_bytes"), SIZE_COLUMNS,
            (int64_t)signed_number(entry, "live_objects_growth"));
    fprintf(to, "%*s\n", SIZE_COLUMNS, signed_size(signed_number(entry, "live_growth_bytes"), size));
  }
}
