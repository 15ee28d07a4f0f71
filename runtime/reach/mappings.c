#include "reach/mappings.h"
#include "reach/sequence.h"
#include "space/kernel.h"
#include "space/mapping_lines.h"
#include "space/process.h"

#include <string.h>

static struct table {
  struct sequence mappings;
  void *buffer; /* COPY_BYTES, for lines of maps first and copies of memory then */
  int memory, pagemap;
  bool frozen;
  const struct mapping *last; /* found last: objects near each other are asked for one after the other */
} table = {.mappings = SEQUENCE_OF(struct mapping), .memory = -1, .pagemap = -1};

#define COPY_BYTES (256 * KIB)
/* An object up to this size is read without asking which of its pages were touched. */
#define READ_WHOLE_BYTES (64 * KIB)

/* ---- the table ---- */

static bool begins(const char *text, const char *end, const char *with) {
  size_t length = strlen(with);
  return (size_t)(end - text) >= length && memcmp(text, with, length) == 0;
}

static struct mapping mapping_of(const struct mapping_line *line) {
  struct mapping mapping = {.start = line->start,
                            .end = line->end,
                            .kind = MAPPING_FILE,
                            .readable = line->readable,
                            .writable = line->writable,
                            .shared = line->shared};
  const char *at = line->path, *end = line->path_end;
  if (at == end || begins(at, end, "[anon:") || begins(at, end, "[heap]"))
    mapping.kind = MAPPING_ANONYMOUS;
  else if (begins(at, end, "[stack]"))
    mapping.kind = MAPPING_STACK;
  else if (begins(at, end, "[anon_shmem:"))
    mapping.kind = MAPPING_FILE;
  else if (*at == '[' || (begins(at, end, "/dev/") && !begins(at, end, "/dev/shm/") && !begins(at, end, "/dev/zero")))
    mapping.kind = MAPPING_DEVICE; /* [vvar] and the like as well: the kernel's own pages */
  return mapping;
}

static bool add_mapping(void *context, const struct mapping_line *line) {
  struct mapping *record = sequence_push(&table.mappings);
  if (record == NULL) {
    *(bool *)context = false;
    return false;
  }
  *record = mapping_of(line);
  return true;
}

void mappings_forget(void) {
  sequence_release(&table.mappings);
  if (table.buffer != NULL)
    sequence_piece_release(table.buffer, COPY_BYTES);
  table.buffer = NULL;
  if (table.memory >= 0)
    kernel_close(table.memory);
  if (table.pagemap >= 0)
    kernel_close(table.pagemap);
  table.memory = table.pagemap = -1;
  table.last = NULL;
}

bool mappings_read(bool frozen) {
  mappings_forget();
  table.frozen = frozen;
  table.buffer = sequence_piece(COPY_BYTES);
  if (table.buffer == NULL)
    return false;
  table.memory = process_open_memory();
  table.pagemap = process_open_pagemap();
  bool enough = true;
  return mapping_lines(add_mapping, &enough, table.buffer, COPY_BYTES) && enough && table.mappings.count > 0;
}

size_t mappings_count(void) {
  return table.mappings.count;
}

const struct mapping *mapping_number(size_t index) {
  return sequence_at(&table.mappings, index);
}

/* The number of the first mapping that ends above an address. */
static size_t first_ending_above(uintptr_t address) {
  size_t low = 0, high = table.mappings.count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (mapping_number(middle)->end <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

const struct mapping *mapping_at(uintptr_t address) {
  if (table.last != NULL && address >= table.last->start && address < table.last->end)
    return table.last;
  size_t number = first_ending_above(address);
  if (number == table.mappings.count || mapping_number(number)->start > address)
    return NULL;
  table.last = mapping_number(number);
  return table.last;
}

bool mapping_is_guarded(const struct mapping *mapping) {
  size_t number = first_ending_above(mapping->start);
  if (number == 0)
    return false;
  const struct mapping *below = mapping_number(number - 1);
  return below->end == mapping->start && !below->readable && !below->writable;
}

/* ---- reading ---- */

static bool words_in_place(uintptr_t start, uintptr_t end, struct word_reader *reader) {
  return start >= end || reader->take(reader, (const uintptr_t *)start, (end - start) / sizeof(uintptr_t), start);
}

bool memory_copied_words(uintptr_t start, size_t bytes, struct word_reader *reader) {
  uintptr_t end = align_down(start + bytes, sizeof(uintptr_t)), at = align_up(start, sizeof(uintptr_t));
  size_t page_bytes = kernel_page_bytes();
  while (at < end) {
    size_t wanted = end - at < COPY_BYTES ? end - at : COPY_BYTES;
    size_t got = align_down(process_copy(table.memory, at, table.buffer, wanted), sizeof(uintptr_t));
    if (got != 0 && !reader->take(reader, table.buffer, got / sizeof(uintptr_t), at))
      return false;
    at += got;
    if (got < wanted) /* on with the page behind the one that isn't there */
      at = align_down(at, page_bytes) + page_bytes;
  }
  return true;
}

bool mapping_words(const struct mapping *mapping, uintptr_t start, uintptr_t end, struct word_reader *reader) {
  start = align_up(start, sizeof(uintptr_t));
  end = align_down(end, sizeof(uintptr_t));
  /* A file may be cut short by anybody, and its pages are gone then. */
  bool safe = table.frozen && mapping->readable && !mapping->shared &&
              (mapping->kind == MAPPING_ANONYMOUS || mapping->kind == MAPPING_STACK);
  struct page_run run;
  for (uintptr_t at = start; mapping->shared ? process_next_shared_run(&at, end, &run)
                                             : process_next_private_run(table.pagemap, &at, end, &run);) {
    bool more = safe && run.present ? words_in_place(run.start, run.end, reader)
                                    : memory_copied_words(run.start, run.end - run.start, reader);
    if (!more)
      return false;
  }
  return true;
}

/* As memory_words, within one mapping. */
static bool words_within(const struct mapping *mapping, uintptr_t start, uintptr_t end, struct word_reader *reader) {
  if (end - start > READ_WHOLE_BYTES && mapping->kind != MAPPING_DEVICE)
    return mapping_words(mapping, start, end, reader);
  if (table.frozen && mapping->readable && !mapping->shared && mapping->kind == MAPPING_ANONYMOUS)
    return words_in_place(align_up(start, sizeof(uintptr_t)), align_down(end, sizeof(uintptr_t)), reader);
  return memory_copied_words(start, end - start, reader);
}

bool memory_words(uintptr_t start, size_t bytes, struct word_reader *reader) {
  uintptr_t end = start + bytes;
  while (start < end) {
    const struct mapping *mapping = mapping_at(start);
    if (mapping == NULL)
      return memory_copied_words(start, end - start, reader);
    uintptr_t within = end < mapping->end ? end : mapping->end;
    if (!words_within(mapping, start, within, reader))
      return false;
    start = within;
  }
  return true;
}

/* ---- names ---- */

struct description {
  uintptr_t address;
  uintptr_t file_end; /* of the mapping of a file that was seen last */
  char *to;
  size_t bytes;
};

/* The end of a long path says more than its start. */
static void keep_path(struct description *description, const char *path, const char *end) {
  size_t length = (size_t)(end - path);
  if (length > description->bytes - 1) {
    path += length - (description->bytes - 1);
    length = description->bytes - 1;
  }
  memcpy(description->to, path, length);
  description->to[length] = '\0';
}

static bool describe_line(void *context, const struct mapping_line *line) {
  struct description *description = context;
  struct mapping mapping = mapping_of(line);
  if (mapping.kind == MAPPING_FILE || (mapping.kind == MAPPING_ANONYMOUS && line->path != line->path_end)) {
    keep_path(description, line->path, line->path_end);
    description->file_end = mapping.end;
  } else if (mapping.start != description->file_end || !mapping.writable) {
    description->to[0] = '\0';
    description->file_end = 0;
  }
  if (description->address < mapping.end) {
    if (description->address < mapping.start)
      description->to[0] = '\0';
    return false;
  }
  return true;
}

void mapping_describe(uintptr_t address, char *to, size_t bytes) {
  struct description description = {.address = address, .to = to, .bytes = bytes};
  char lines[6 * KIB]; /* one line has at most a path's 4096 bytes */
  to[0] = '\0';
  if (!mapping_lines(describe_line, &description, lines, sizeof lines))
    to[0] = '\0';
}
