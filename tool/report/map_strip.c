/*
 * map_strip.c: an address space on some lines of text.
 *
 * To scale it would be empty: between a program and its libraries lie terabytes. So a region gets cells by the
 * logarithm of its size, and what is not mapped starts a new line where it is much.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tool/report/map_document.h"
#include "tool/report/map_report.h"

enum { ADDRESS_COLUMNS = 18, SIZE_COLUMNS = 10, LEAST_CELLS = 16, PLAIN_COLUMNS = 80, MOST_COLUMNS = 160 };
/* A gap from so much on starts a new line. */
#define GAP_BYTES ((uint64_t)1 << 26)
/* And so does what follows reserved addresses of so much. */
#define EMPTY_BYTES ((uint64_t)1 << 30)

struct cell {
  char letter;
  int colour;
};

struct strip {
  const struct map_style *style;
  FILE *to;
  unsigned room, used; /* cells of a line */
  struct cell cells[MOST_COLUMNS];
  uint64_t line_start, line_end;
};

static void finish_line(struct strip *strip) {
  if (strip->used == 0)
    return;
  fprintf(strip->to, "%*" PRIx64 "  ", ADDRESS_COLUMNS - 2, strip->line_start);
  int colour = -1;
  for (unsigned i = 0; i < strip->used; i++) {
    if (strip->style->colours && strip->cells[i].colour != colour) {
      colour = strip->cells[i].colour;
      fprintf(strip->to, "\033[30;48;5;%dm", colour);
    }
    fputc(strip->cells[i].letter, strip->to);
  }
  if (strip->style->colours)
    fputs("\033[0m", strip->to);
  char size[MAP_SIZE_BYTES];
  fprintf(strip->to, "%*s%s\n", (int)(strip->room - strip->used) + 1, "",
          map_size(strip->line_end - strip->line_start, size));
  strip->used = 0;
}

static void add_cell(struct strip *strip, struct cell cell, uint64_t start, uint64_t end) {
  if (strip->used == strip->room)
    finish_line(strip);
  if (strip->used == 0)
    strip->line_start = start;
  strip->cells[strip->used++] = cell;
  strip->line_end = end;
}

static unsigned cells_for(uint64_t bytes, uint64_t page) {
  unsigned doublings = 0;
  for (uint64_t pages = bytes / page; pages > 1; pages /= 2)
    doublings++;
  return 1 + doublings / 3;
}

struct stretch_sum {
  uint64_t live, held_back, resident, bytes;
};

static struct stretch_sum sum_stretches(const json_t *stretches, uint64_t stretch_bytes, size_t first, size_t end) {
  struct stretch_sum sum = {0};
  for (size_t i = first; i < end; i++) {
    const json_t *stretch = json_array_get(stretches, i);
    sum.live += (uint64_t)json_integer_value(json_array_get(stretch, 0));
    sum.held_back += (uint64_t)json_integer_value(json_array_get(stretch, 1));
    sum.resident += (uint64_t)json_integer_value(json_array_get(stretch, 2));
    sum.bytes += stretch_bytes;
  }
  return sum;
}

/* The slices in use: where live objects are, and where room for more. */
static void add_heap(struct strip *strip, const json_t *heap, uint64_t start, uint64_t end, bool is_deep) {
  const struct address_kind_facts *facts = &address_kinds[ADDRESS_HEAP], *held = &address_kinds[ADDRESS_HEAP_RESERVE];
  const json_t *stretches = json_object_get(heap, "stretches");
  uint64_t stretch_bytes = map_number(heap, "stretch_bytes"), base = map_address(heap, "base");
  size_t first = stretch_bytes == 0 ? 0 : (size_t)((start - base) / stretch_bytes);
  size_t past = stretch_bytes == 0 ? 0 : (size_t)((end - base + stretch_bytes - 1) / stretch_bytes);
  if (past > json_array_size(stretches))
    past = json_array_size(stretches);
  size_t count = past > first ? past - first : 0;
  unsigned cells = 3 * cells_for(end - start, (uint64_t)1 << 16);
  if (count == 0) {
    for (unsigned i = 0; i < cells_for(end - start, 4096); i++)
      add_cell(strip, (struct cell){facts->letter, facts->colour}, start, end);
    return;
  }
  if (cells > count)
    cells = (unsigned)count;
  for (unsigned i = 0; i < cells; i++) {
    size_t from = first + count * i / cells, to = first + count * (i + 1) / cells;
    struct stretch_sum sum = sum_stretches(stretches, stretch_bytes, from, to);
    bool is_live = sum.live > sum.bytes / 2;
    char letter = is_live ? facts->letter : 'o';
    if (is_deep && sum.resident > sum.bytes / 2)
      letter = (char)toupper(letter);
    uint64_t until = base + to * stretch_bytes;
    add_cell(strip, (struct cell){letter, is_live ? facts->colour : held->colour}, base + from * stretch_bytes,
             until > end ? end : until);
  }
}

void map_strip_write(const json_t *process, const struct map_style *style, FILE *to) {
  const json_t *regions = json_object_get(process, "regions"), *heap = json_object_get(process, "heap");
  bool is_deep = strcmp(map_string(process, "depth"), "counters") != 0;
  unsigned columns = style->columns == 0             ? PLAIN_COLUMNS
                     : style->columns > MOST_COLUMNS ? MOST_COLUMNS
                                                     : style->columns;
  struct strip strip = {.style = style, .to = to};
  strip.room =
      columns > ADDRESS_COLUMNS + SIZE_COLUMNS + LEAST_CELLS ? columns - ADDRESS_COLUMNS - SIZE_COLUMNS : LEAST_CELLS;
  size_t count = json_array_size(regions);
  uint64_t last_end = 0;
  bool was_empty = false;
  for (size_t i = 0; i < count;) {
    const json_t *region = json_array_get(regions, i);
    const char *kind = map_string(region, "kind");
    const struct address_kind_facts *facts = map_kind(kind);
    uint64_t start = map_address(region, "start"), end = map_address(region, "end");
    uint64_t resident = map_number(region, "resident_bytes");
    /* What lies side by side and serves the same purpose is one. */
    for (i++; i < count; i++) {
      const json_t *next = json_array_get(regions, i);
      if (map_address(next, "start") != end || strcmp(map_string(next, "kind"), kind) != 0)
        break;
      end = map_address(next, "end");
      resident += map_number(next, "resident_bytes");
    }
    bool is_empty = (facts == &address_kinds[ADDRESS_HEAP_RESERVE] || facts == &address_kinds[ADDRESS_NO_ACCESS]) &&
                    end - start >= EMPTY_BYTES;
    if ((last_end != 0 && start - last_end >= GAP_BYTES) || was_empty)
      finish_line(&strip);
    was_empty = is_empty;
    last_end = end;
    if (facts == &address_kinds[ADDRESS_HEAP] && json_is_object(heap)) {
      add_heap(&strip, heap, start, end, is_deep);
      continue;
    }
    struct cell cell = {facts != NULL ? facts->letter : '?', facts != NULL ? facts->colour : 7};
    if (is_deep && resident > (end - start) / 2)
      cell.letter = (char)toupper(cell.letter);
    for (unsigned cells = cells_for(end - start, 4096); cells > 0; cells--)
      add_cell(&strip, cell, start, end);
  }
  finish_line(&strip);
}
