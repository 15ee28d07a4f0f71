#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tool/report/map_document.h"
#include "tool/report/map_report.h"
#include "tool/report/memory.h"

enum { LABEL_COLUMNS = 18, SIZE_COLUMNS = 13, CLASSES_SHOWN = 8, PARTS_SHOWN = 12 };

static bool is_deep(const json_t *process) {
  return strcmp(map_string(process, "depth"), "counters") != 0;
}

/* Text from outside on one line, cut to what fits. */
static void write_clean(const char *text, size_t most, FILE *to) {
  struct text clean = {0};
  text_add_clean(&clean, text);
  char *line = text_take(&clean);
  if (strlen(line) > most) {
    size_t cut = most - strlen("...");
    while (cut > 0 && ((unsigned char)line[cut] & 0xc0) == 0x80) /* not amid a character */
      cut--;
    line[cut] = '\0';
    fprintf(to, "%s...", line);
  } else {
    fputs(line, to);
  }
  free(line);
}

static void write_size(uint64_t bytes, FILE *to) {
  char size[MAP_SIZE_BYTES];
  fprintf(to, "%*s", SIZE_COLUMNS, bytes == 0 ? "-" : map_size(bytes, size));
}

static const char *bold(const struct map_style *style) {
  return style->colours ? "\033[1m" : "";
}
static const char *plain(const struct map_style *style) {
  return style->colours ? "\033[0m" : "";
}

/* ---- The head. ---- */

static void write_head(const json_t *process, const struct map_style *style, FILE *to) {
  const json_t *counters = json_object_get(process, "counters"), *total = json_object_get(process, "total");
  fprintf(to, "%sprocess %" PRIu64 ": ", bold(style), map_number(process, "pid"));
  const char *line = map_string(process, "command_line");
  write_clean(line[0] != '\0' ? line : map_string(process, "command"), 60, to);
  fprintf(to, "%s\n", plain(style));
  char one[MAP_SIZE_BYTES], two[MAP_SIZE_BYTES];
  fprintf(to, "reserved %s, resident %s", map_size(map_number(total, "reserved_bytes"), one),
          map_size(map_number(is_deep(process) ? total : counters, "resident_bytes"), two));
  if (is_deep(process))
    fprintf(to, ", proportional %s", map_size(map_number(total, "proportional_bytes"), one));
  else
    fprintf(to, " (anonymous %s, of files %s", map_size(map_number(counters, "resident_anonymous_bytes"), one),
            map_size(map_number(counters, "resident_file_bytes"), two)),
        fprintf(to, ", shared memory %s)", map_size(map_number(counters, "resident_shared_memory_bytes"), one));
  fprintf(to, ", swapped %s, page tables %s, %" PRIu64 " thread%s\n",
          map_size(map_number(counters, "swapped_bytes"), one),
          map_size(map_number(counters, "page_table_bytes"), two), map_number(counters, "threads"),
          map_number(counters, "threads") == 1 ? "" : "s");
}

/* ---- The table of purposes. ---- */

static const char *const columns[] = {"reserved_bytes",     "resident_bytes",  "proportional_bytes",
                                      "private_bytes",      "swapped_bytes",   "huge_bytes",
                                      "lazily_freed_bytes", "huge_pool_bytes", "guard_bytes"};
enum { COLUMNS = sizeof columns / sizeof columns[0], COLUMNS_ALWAYS = 4 };

static const char *label_of(const char *column) {
  for (size_t i = 0; i < PAGE_COUNT_FIELDS; i++)
    if (strcmp(page_count_fields[i].name, column) == 0)
      return page_count_fields[i].label;
  return column;
}

static void write_marker(const struct address_kind_facts *facts, const struct map_style *style, FILE *to) {
  if (style->colours)
    fprintf(to, "\033[30;48;5;%dm%c\033[0m ", facts->colour, facts->letter);
  else
    fprintf(to, "%c ", facts->letter);
}

static void write_kinds(const json_t *kinds, const json_t *total, bool deep, const struct map_style *style,
                        FILE *to) {
  bool shown[COLUMNS];
  for (size_t i = 0; i < COLUMNS; i++)
    shown[i] = i == 0 || (deep && (i < COLUMNS_ALWAYS || map_number(total, columns[i]) != 0));
  fprintf(to, "\n%s%-*s", bold(style), LABEL_COLUMNS + 2, "purpose");
  for (size_t i = 0; i < COLUMNS; i++)
    if (shown[i])
      fprintf(to, "%*s", SIZE_COLUMNS, label_of(columns[i]));
  fprintf(to, "%s\n", plain(style));
  size_t at;
  const json_t *kind;
  json_array_foreach(kinds, at, kind) {
    const struct address_kind_facts *facts = map_kind(map_string(kind, "kind"));
    static const struct address_kind_facts unknown = {"", "of a later version", '?', 7, ""};
    write_marker(facts != NULL ? facts : &unknown, style, to);
    fprintf(to, "%-*s", LABEL_COLUMNS, facts != NULL ? facts->label : unknown.label);
    for (size_t i = 0; i < COLUMNS; i++)
      if (shown[i])
        write_size(map_number(kind, columns[i]), to);
    fputc('\n', to);
  }
  fprintf(to, "%-*s", LABEL_COLUMNS + 2, "all");
  for (size_t i = 0; i < COLUMNS; i++)
    if (shown[i])
      write_size(map_number(total, columns[i]), to);
  fputc('\n', to);
}

/* ---- Stacks, files. ---- */

static void write_stacks(const json_t *process, const struct map_style *style, FILE *to) {
  enum { STACKS_SHOWN = 12 };
  size_t at, count = 0;
  const json_t *region;
  json_array_foreach(json_object_get(process, "regions"), at, region) {
    if (!map_has(region, "thread_id"))
      continue;
    if (count++ == 0)
      fprintf(to, "\n%sstacks%s\n", bold(style), plain(style));
    if (count > STACKS_SHOWN)
      continue;
    char one[MAP_SIZE_BYTES], two[MAP_SIZE_BYTES];
    fprintf(to, "  %-8" PRIu64 " ", map_number(region, "thread_id"));
    write_clean(map_string(region, "thread_name"), 16, to);
    fprintf(to, ": %s at 0x%" PRIx64, map_size(map_number(region, "reserved_bytes"), one),
            map_address(region, "start"));
    if (map_has(region, "resident_bytes"))
      fprintf(to, ", resident %s", map_size(map_number(region, "resident_bytes"), two));
    fputc('\n', to);
  }
  if (count > STACKS_SHOWN)
    fprintf(to, "  and %zu more (--json lists them all)\n", count - STACKS_SHOWN);
}

/* ---- What has a name. ---- */

struct named {
  const char *kind, *name;
  uint64_t reserved, resident;
};

static int compare_named(const void *one, const void *other) {
  const struct named *first = one, *second = other;
  if (first->resident != second->resident)
    return first->resident < second->resident ? 1 : -1;
  return (first->reserved < second->reserved) - (first->reserved > second->reserved);
}

static int compare_names(const void *one, const void *other) {
  const struct named *first = one, *second = other;
  int order = strcmp(first->name, second->name);
  return order != 0 ? order : strcmp(first->kind, second->kind);
}

/* Adds up those of the same name and kind; returns how many are left. */
static size_t join_equal(struct named *all, size_t count) {
  size_t left = 0;
  if (count > 0)
    qsort(all, count, sizeof *all, compare_names);
  for (size_t i = 0; i < count; i++) {
    if (left > 0 && compare_names(&all[left - 1], &all[i]) == 0) {
      all[left - 1].reserved += all[i].reserved;
      all[left - 1].resident += all[i].resident;
    } else {
      all[left++] = all[i];
    }
  }
  return left;
}

/* Files that are not programs, shared memory, and memory that the program gave a name. */
static bool is_listed(const json_t *region) {
  static const enum address_kind listed[] = {ADDRESS_MAPPED_FILE, ADDRESS_SHARED_MEMORY, ADDRESS_DEVICE,
                                             ADDRESS_ANONYMOUS, ADDRESS_GENERATED_CODE};
  for (size_t i = 0; i < sizeof listed / sizeof listed[0]; i++)
    if (map_kind(map_string(region, "kind")) == &address_kinds[listed[i]])
      return map_string(region, "name")[0] != '\0';
  return false;
}

static void write_names(const json_t *process, const struct map_style *style, FILE *to) {
  enum { NAMES_SHOWN = 8 };
  const json_t *regions = json_object_get(process, "regions"), *region;
  struct named *all = memory_allocate(json_array_size(regions), sizeof *all);
  size_t count = 0, at;
  json_array_foreach(regions, at, region) {
    if (!is_listed(region))
      continue;
    const char *kind = map_string(region, "kind"), *name = map_string(region, "name");
    all[count++] =
        (struct named){kind, name, map_number(region, "reserved_bytes"), map_number(region, "resident_bytes")};
  }
  count = join_equal(all, count);
  if (count > 0) {
    qsort(all, count, sizeof *all, compare_named);
    fprintf(to, "\n%s%*s%*s  name%s\n", bold(style), 3 + SIZE_COLUMNS, "reserved",
            is_deep(process) ? SIZE_COLUMNS : 0, is_deep(process) ? "resident" : "", plain(style));
  }
  for (size_t i = 0; i < count && i < NAMES_SHOWN; i++) {
    fprintf(to, "  %c", map_kind(all[i].kind)->letter);
    write_size(all[i].reserved, to);
    if (is_deep(process))
      write_size(all[i].resident, to);
    fputs("  ", to);
    write_clean(all[i].name, 60, to);
    fputc('\n', to);
  }
  if (count > NAMES_SHOWN)
    fprintf(to, "  and %zu more (--json lists them all)\n", count - NAMES_SHOWN);
  free(all);
}

/* ---- The heap. ---- */

static int compare_classes(const void *one, const void *other) {
  uint64_t first = map_number(*(const json_t *const *)one, "live_bytes") +
                   map_number(*(const json_t *const *)one, "free_slot_bytes");
  uint64_t second = map_number(*(const json_t *const *)other, "live_bytes") +
                    map_number(*(const json_t *const *)other, "free_slot_bytes");
  return (first < second) - (first > second);
}

static void write_class(const json_t *class, FILE *to) {
  char name[MAP_SIZE_BYTES];
  fprintf(to, "  %*s", SIZE_COLUMNS - 2,
          map_has(class, "object_bytes") ? map_size(map_number(class, "object_bytes"), name) : "large");
  fprintf(to, "%*" PRIu64, SIZE_COLUMNS, map_number(class, "live_objects"));
  write_size(map_number(class, "live_bytes"), to);
  write_size(map_number(class, "free_slot_bytes"), to);
  if (map_has(class, "resident_bytes"))
    write_size(map_number(class, "resident_bytes"), to);
  fputc('\n', to);
}

static void write_classes(const json_t *heap, FILE *to) {
  const json_t *classes = json_object_get(heap, "classes"), *large = json_object_get(heap, "large");
  size_t count = json_array_size(classes);
  const json_t **sorted = memory_allocate(count + 1, sizeof *sorted);
  for (size_t i = 0; i < count; i++)
    sorted[i] = json_array_get(classes, i);
  sorted[count++] = large;
  qsort(sorted, count, sizeof *sorted, compare_classes);
  fprintf(to, "  %*s%*s%*s%*s", SIZE_COLUMNS - 2, "objects of", SIZE_COLUMNS, "live", SIZE_COLUMNS, "are bytes",
          SIZE_COLUMNS, "free slots");
  fprintf(to, "%*s\n", map_has(large, "resident_bytes") ? SIZE_COLUMNS : 0,
          map_has(large, "resident_bytes") ? "resident" : "");
  size_t shown = 0;
  for (; shown < count && shown < CLASSES_SHOWN; shown++)
    if (map_number(sorted[shown], "spans") != 0)
      write_class(sorted[shown], to);
    else
      break;
  if (shown == CLASSES_SHOWN && count > shown)
    fprintf(to, "  and %zu more sizes (--json lists them all)\n", count - shown);
  free(sorted);
}

static void write_heap(const json_t *heap, const struct map_style *style, FILE *to) {
  char live[MAP_SIZE_BYTES], held[MAP_SIZE_BYTES], one[MAP_SIZE_BYTES], two[MAP_SIZE_BYTES], three[MAP_SIZE_BYTES],
      metadata[MAP_SIZE_BYTES];
  fprintf(to,
          "\n%sheap%s%s: live %s in %" PRIu64 " objects, held back %s (free slots %s, tails %s, free slices %s), "
          "metadata %s\n",
          bold(style), plain(style), json_is_true(json_object_get(heap, "estimated")) ? ", estimated" : "",
          map_size(map_number(heap, "live_bytes"), live), map_number(heap, "live_objects"),
          map_size(map_number(heap, "held_back_bytes"), held), map_size(map_number(heap, "free_slot_bytes"), one),
          map_size(map_number(heap, "tail_bytes"), two), map_size(map_number(heap, "free_slice_bytes"), three),
          map_size(map_number(heap, "metadata_bytes"), metadata));
  write_classes(heap, to);
}

/* ---- Resident minus live. ---- */

static const char *part_label(const char *part) {
  static const char *const labels[][2] = {
      {"free_slots", "free slots"},
      {"tails", "tails"},
      {"free_slices", "free slices"},
      {"heap_not_resident", "of the heap not resident"},
      {"rest", "code, data, stacks, files, less what of the heap is not resident (--deep tells)"},
  };
  for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
    if (strcmp(labels[i][0], part) == 0)
      return labels[i][1];
  const struct address_kind_facts *facts = map_kind(part);
  return facts != NULL ? facts->label : part;
}

static void write_explanation(const json_t *explanation, FILE *to) {
  uint64_t resident = map_number(explanation, "resident_bytes"), live = map_number(explanation, "live_bytes");
  char one[MAP_SIZE_BYTES], two[MAP_SIZE_BYTES], three[MAP_SIZE_BYTES];
  fprintf(to, "\nresident %s - live heap %s = %s%s:", map_size(resident, one), map_size(live, two),
          resident < live ? "-" : "", map_size(resident < live ? live - resident : resident - live, three));
  size_t i;
  const json_t *part;
  json_array_foreach(json_object_get(explanation, "parts"), i, part) {
    json_int_t bytes = json_integer_value(json_object_get(part, "bytes"));
    const char *sign = bytes < 0 ? " - " : i == 0 ? " " : " + ";
    fprintf(to, "%s%s %s", sign, map_size((uint64_t)(bytes < 0 ? -bytes : bytes), one),
            part_label(map_string(part, "part")));
  }
  fputc('\n', to);
}

static void write_cost(const json_t *cost, const char *depth, FILE *to) {
  fprintf(to, "\nlooking took %.1f ms, %.1f ms of a processor; ", (double)map_number(cost, "wall_nanoseconds") / 1e6,
          (double)map_number(cost, "processor_nanoseconds") / 1e6);
  if (strcmp(depth, "counters") == 0)
    fputs("no page table was read (--deep does)\n", to);
  else
    fprintf(to, "page tables were read in %" PRIu64 " pieces, the longest took %.2f ms%s\n",
            map_number(cost, "calls"), (double)map_number(cost, "longest_call_nanoseconds") / 1e6,
            strcmp(depth, "smaps") == 0 ? " (by smaps: the kernel doesn't show page frames to this user, or is older "
                                          "than 6.7)"
                                        : "");
}

/* ---- One process, or several. ---- */

static void write_process(const json_t *process, const struct map_style *style, FILE *to) {
  write_head(process, style, to);
  fputc('\n', to);
  map_strip_write(process, style, to);
  const json_t *heap = json_object_get(process, "heap");
  bool deep = is_deep(process);
  if (deep || json_is_object(heap))
    fprintf(to, "%*s%s%s%s\n", 18, "", json_is_object(heap) ? "o: room for objects" : "",
            deep && json_is_object(heap) ? "; " : "", deep ? "capitals: at least half is resident" : "");
  write_kinds(json_object_get(process, "kinds"), json_object_get(process, "total"), deep, style, to);
  write_stacks(process, style, to);
  write_names(process, style, to);
  if (json_is_object(heap))
    write_heap(heap, style, to);
  const json_t *explanation = json_object_get(process, "resident_minus_live");
  if (json_is_object(explanation))
    write_explanation(explanation, to);
  write_cost(json_object_get(process, "cost"), map_string(process, "depth"), to);
}

static void write_tree(const json_t *document, const struct map_style *style, FILE *to) {
  const json_t *processes = json_object_get(document, "processes"), *sum = json_object_get(document, "sum");
  bool deep = map_has(json_object_get(sum, "total"), "resident_bytes");
  fprintf(to, "%s%8s%8s%*s%*s%*s%*s  %s%s\n", bold(style), "process", "parent", SIZE_COLUMNS, "reserved",
          SIZE_COLUMNS, "resident", deep ? SIZE_COLUMNS : 0, deep ? "proportional" : "", SIZE_COLUMNS, "live heap",
          "command", plain(style));
  size_t i;
  const json_t *process;
  json_array_foreach(processes, i, process) {
    const json_t *total = json_object_get(process, "total"), *counters = json_object_get(process, "counters");
    fprintf(to, "%8" PRIu64 "%8" PRIu64, map_number(process, "pid"), map_number(process, "parent_pid"));
    write_size(map_number(total, "reserved_bytes"), to);
    write_size(map_number(deep ? total : counters, "resident_bytes"), to);
    if (deep)
      write_size(map_number(total, "proportional_bytes"), to);
    write_size(map_number(json_object_get(process, "heap"), "live_bytes"), to);
    fputs("  ", to);
    write_clean(map_string(process, "command"), 24, to);
    fputc('\n', to);
  }
  fprintf(to, "%16s", "all");
  const json_t *total = json_object_get(sum, "total");
  write_size(map_number(total, "reserved_bytes"), to);
  write_size(map_number(deep ? total : json_object_get(sum, "counters"), "resident_bytes"), to);
  if (deep)
    write_size(map_number(total, "proportional_bytes"), to);
  fputc('\n', to);
  if (!deep)
    fputs("resident counts shared pages once for each process; --deep gives the proportional sum, which doesn't\n",
          to);
  write_kinds(json_object_get(sum, "kinds"), total, deep, style, to);
  write_cost(json_object_get(sum, "cost"), map_string(json_array_get(processes, 0), "depth"), to);
}

void map_text_write(const json_t *document, const struct map_style *style, FILE *to) {
  const json_t *processes = json_object_get(document, "processes");
  if (json_array_size(processes) == 1)
    write_process(json_array_get(processes, 0), style, to);
  else
    write_tree(document, style, to);
}
