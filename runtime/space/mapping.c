#include "space/mapping.h"
#include "space/mapping_lines.h"

#include <string.h>

struct visit {
  bool (*visit)(void *context, const struct mapping *mapping);
  void *context;
};

static bool take(void *context, const struct mapping_line *line) {
  const struct visit *visit = context;
  struct mapping mapping = {.found = true, .start = line->start, .end = line->end, .file_offset = line->file_offset};
  mapping.permissions[0] = line->readable ? 'r' : '-';
  mapping.permissions[1] = line->writable ? 'w' : '-';
  mapping.permissions[2] = line->executable ? 'x' : '-';
  mapping.permissions[3] = line->shared ? 's' : 'p';
  size_t length = (size_t)(line->path_end - line->path);
  memcpy(mapping.name, line->path, length < sizeof mapping.name ? length : sizeof mapping.name - 1);
  return visit->visit(visit->context, &mapping);
}

void mapping_each(bool (*visit)(void *context, const struct mapping *mapping), void *context) {
  char buffer[1024];
  struct visit state = {visit, context};
  mapping_lines(take, &state, buffer, sizeof buffer);
}

struct search {
  uintptr_t address;
  struct mapping found;
};

static bool look(void *context, const struct mapping *mapping) {
  struct search *search = context;
  if (search->address >= mapping->end)
    return true;
  search->found = *mapping;
  search->found.found = search->address >= mapping->start;
  return false;
}

struct mapping mapping_find(uintptr_t address) {
  struct search search = {.address = address, .found = {.found = false}};
  mapping_each(look, &search);
  return search.found;
}
