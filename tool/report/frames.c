#include "tool/report/frames.h"

#include <stdlib.h>
#include <string.h>

#include "tool/report/hash.h"
#include "tool/report/memory.h"

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash != NULL ? slash + 1 : path;
}

const char *frame_module_name(const struct frame *frame) {
  return base_name(frame->module);
}

bool frame_is_beginning(const struct frame *frame) {
  static const char *const names[] = {
      "_start",   "__libc_start_main", "__libc_start_call_main", "start_thread", "clone", "clone3", "__clone",
      "__clone3", "thread_start"};
  for (size_t i = 0; frame->function != NULL && i < sizeof names / sizeof names[0]; i++)
    if (strncmp(frame->function, names[i], strlen(names[i])) == 0)
      return true;
  return false;
}

static bool starts_with(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_own(const struct mapping *mapping) {
  return mapping != NULL && starts_with(base_name(mapping->path), "libfreehold");
}

/* The address inside of the instruction: a return address belongs to what comes after the call. */
static uint64_t instruction_at(const struct fh_report_stack *stack, uint32_t i) {
  bool exact = i == 0 && stack->exact != 0;
  return exact || stack->frames[i] == 0 ? stack->frames[i] : stack->frames[i] - 1;
}

static const struct mapping *mapping_of(const struct mappings *mappings, uint64_t address) {
  return mappings != NULL ? mappings_find(mappings, address) : NULL;
}

static uint32_t first_foreign(const struct fh_report_stack *stack, const struct mappings *mappings) {
  uint32_t i = 0;
  while (i < stack->count && is_own(mapping_of(mappings, instruction_at(stack, i))))
    i++;
  return i < stack->count ? i : 0; /* Freehold's own error is nobody else's */
}

static void add(struct frames *frames, struct frame frame) {
  frames->all = memory_grow(frames->all, frames->count, &frames->room, sizeof frame);
  frames->all[frames->count++] = frame;
}

struct frames frames_resolve(const struct fh_report_stack *stack, const struct mappings *mappings,
                             struct symbols *symbols) {
  enum { INLINED_MOST = 32 };
  struct frames frames = {.cut = stack->cut != 0};
  uint32_t first = first_foreign(stack, mappings);
  for (uint32_t i = first; i < stack->count; i++) {
    uint64_t at = instruction_at(stack, i);
    const struct mapping *mapping = mapping_of(mappings, at);
    if (i > first && is_own(mapping))
      continue; /* what calls main, or a thread's function */
    struct frame frame = {.module = "", .address = stack->frames[i]};
    struct symbol_place places[INLINED_MOST];
    size_t count = 0;
    if (mapping != NULL && mapping->path[0] == '/') {
      frame.module = mapping->path;
      frame.offset = at - mapping->start + mapping->offset;
      struct symbol_module module = {.path = mapping->deleted ? "" : mapping->path, .build_id = mapping->build_id};
      if (mapping->module_start != 0)
        module.from_start = at - mapping->module_start;
      count = symbols_find(symbols, &module, frame.offset, places, INLINED_MOST);
    } else if (mapping != NULL && mapping->path[0] == '[') {
      frame.module = mapping->path; /* [vdso] */
      frame.offset = at - mapping->start;
    }
    if (count == 0)
      add(&frames, frame);
    for (size_t j = 0; j < count; j++) {
      frame.function = places[j].function;
      frame.file = places[j].file;
      frame.line = places[j].line;
      frame.column = places[j].column;
      frame.inlined = places[j].inlined;
      add(&frames, frame);
    }
  }
  return frames;
}

void frames_destroy(struct frames *frames) {
  free(frames->all);
  *frames = (struct frames){0};
}

uint64_t frames_hash(uint64_t hash, const struct fh_report_stack *stack, const struct mappings *mappings,
                     uint32_t most) {
  uint32_t first = first_foreign(stack, mappings);
  for (uint32_t i = first; i < stack->count && i - first < most; i++) {
    uint64_t at = instruction_at(stack, i);
    const struct mapping *mapping = mapping_of(mappings, at);
    if (mapping != NULL) {
      hash = hash_bytes(hash, mapping->path, strlen(mapping->path));
      at = at - mapping->start + mapping->offset;
    }
    hash = hash_bytes(hash, &at, sizeof at);
  }
  return hash;
}

const struct frame *frames_responsible(const struct frames *frames) {
  static const char *const runtimes[] = {"libc.so",      "libc-",     "ld-linux", "libpthread",
                                         "libstdc++.so", "libc++.so", "libgcc_s"};
  for (size_t i = 0; i < frames->count; i++) {
    bool is_runtime = false;
    for (size_t j = 0; j < sizeof runtimes / sizeof runtimes[0]; j++)
      is_runtime |= starts_with(frame_module_name(&frames->all[i]), runtimes[j]);
    if (!is_runtime)
      return &frames->all[i];
  }
  return frames->count > 0 ? &frames->all[0] : NULL;
}
