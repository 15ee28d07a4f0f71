#include "tool/report/mappings.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/report/memory.h"

/* The kernel writes a newline in a path as \012, and leaves everything else as it is. */
static void restore_newlines(char *path) {
  static const char written[] = "\\012";
  for (char *at = strstr(path, written); at != NULL; at = strstr(at + 1, written)) {
    *at = '\n';
    memmove(at + 1, at + strlen(written), strlen(at + strlen(written)) + 1);
  }
}

static void read_line(struct mappings *mappings, const char *line) {
  struct mapping mapping = {0};
  int path_at = 0;
  if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %*s %*s %n", &mapping.start, &mapping.end,
             &mapping.offset, &path_at) != 3 ||
      path_at == 0 || mapping.end <= mapping.start)
    return;
  static const char deleted[] = " (deleted)";
  mapping.path = memory_copy(line + path_at);
  size_t length = strlen(mapping.path);
  if (length > strlen(deleted) && strcmp(mapping.path + length - strlen(deleted), deleted) == 0) {
    mapping.path[length - strlen(deleted)] = '\0';
    mapping.deleted = true;
  }
  restore_newlines(mapping.path);
  mappings->all = memory_grow(mappings->all, mappings->count, &mappings->room, sizeof mapping);
  mappings->all[mappings->count++] = mapping;
}

static int compare(const void *one, const void *other) {
  uint64_t first = ((const struct mapping *)one)->start, second = ((const struct mapping *)other)->start;
  return (first > second) - (first < second);
}

struct mappings mappings_parse(const char *text, size_t bytes) {
  struct mappings mappings = {0};
  for (size_t at = 0; at < bytes;) {
    const char *end = memchr(text + at, '\n', bytes - at);
    size_t length = end != NULL ? (size_t)(end - text) - at : bytes - at;
    char *line = memory_copy_bytes(text + at, length);
    read_line(&mappings, line);
    free(line);
    at += length + 1;
  }
  if (mappings.count > 0)
    qsort(mappings.all, mappings.count, sizeof mappings.all[0], compare);
  return mappings;
}

void mappings_destroy(struct mappings *mappings) {
  for (size_t i = 0; i < mappings->count; i++)
    free(mappings->all[i].path);
  free(mappings->all);
  *mappings = (struct mappings){0};
}

void mappings_take_build_ids(struct mappings *mappings, const struct fh_build_id *ids, size_t count) {
  const struct mapping *first = NULL;
  for (size_t i = 0; i < mappings->count; i++) {
    struct mapping *mapping = &mappings->all[i];
    for (size_t j = 0; j < count; j++)
      if (ids[j].start == mapping->start && ids[j].bytes <= sizeof mapping->build_id.id) {
        mapping->module_start = mapping->start;
        mapping->build_id.bytes = ids[j].bytes;
        memcpy(mapping->build_id.id, ids[j].id, ids[j].bytes);
        first = mapping;
      }
    /* The rest of the same file, until it begins anew. */
    if (first != NULL && mapping != first && mapping->offset != 0 && strcmp(mapping->path, first->path) == 0) {
      mapping->module_start = first->start;
      mapping->build_id = first->build_id;
    }
  }
}

const struct mapping *mappings_find(const struct mappings *mappings, uint64_t address) {
  size_t low = 0, high = mappings->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (mappings->all[middle].end <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low < mappings->count && mappings->all[low].start <= address ? &mappings->all[low] : NULL;
}
