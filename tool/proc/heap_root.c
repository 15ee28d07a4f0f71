#include "tool/proc/heap_root.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "record/accounts.h"
#include "tool/proc/elf.h"
#include "tool/proc/image.h"
#include "tool/proc/process.h"

/* Where the symbol is looked for, the likeliest first. */
enum place { PLACE_LIBRARY, PLACE_PROGRAM, PLACE_OTHERS };

struct search {
  pid_t pid;
  const char *symbol;
  enum place last;
  uint64_t program_inode;
  struct process_mapping *files; /* that may hold it */
  size_t count, capacity;
  bool found, out_of_reach, no_memory;
  uint64_t address;
};

static enum place place_of(const struct search *search, const struct process_mapping *mapping) {
  static const char library[] = "libfreehold";
  const char *name = strrchr(mapping->path, '/') + 1;
  if (strncmp(name, library, strlen(library)) == 0)
    return PLACE_LIBRARY;
  return mapping->inode == search->program_inode ? PLACE_PROGRAM : PLACE_OTHERS;
}

static void look_into(struct search *search, const struct process_mapping *mapping, enum place place) {
  char path[PROCESS_OPENABLE_BYTES];
  struct elf_file *file = process_openable_path(search->pid, mapping, path) ? elf_file_open(path) : NULL;
  if (file == NULL) {
    if (place != PLACE_LIBRARY)
      return;
    struct process_memory memory = {.pid = search->pid, .descriptor = -1};
    search->found =
        mapping->file_offset == 0 && image_symbol(&memory, mapping->start, search->symbol, &search->address);
    process_memory_close(&memory);
    search->out_of_reach |= !search->found;
    return;
  }
  uint64_t value, bias;
  enum elf_symbol_tables tables = place == PLACE_OTHERS ? ELF_DYNAMIC_SYMBOLS : ELF_ALL_SYMBOLS;
  if (elf_file_symbol(file, search->symbol, tables, &value) &&
      elf_file_bias(file, mapping->start, mapping->file_offset, &bias)) {
    search->address = value + bias;
    search->found = true;
  }
  elf_file_close(file);
}

/* Looks into the library at once, for mostly that is where it is, and keeps the others for later. */
static bool see_file(void *context, const struct process_mapping *mapping) {
  struct search *search = context;
  enum place place = place_of(search, mapping);
  if (place == PLACE_LIBRARY)
    look_into(search, mapping, place);
  if (place == PLACE_LIBRARY || place > search->last || !mapping->has_code)
    return search->found;
  if (search->count == search->capacity) {
    size_t capacity = search->capacity == 0 ? 8 : 2 * search->capacity;
    struct process_mapping *files = realloc(search->files, capacity * sizeof *files);
    if (files == NULL)
      return search->no_memory = true;
    search->files = files;
    search->capacity = capacity;
  }
  search->files[search->count++] = *mapping;
  return false;
}

static int find(pid_t pid, const char *symbol, enum place last, uint64_t *address) {
  struct search search = {.pid = pid, .symbol = symbol, .last = last};
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/exe", (long)pid);
  struct stat status;
  if (stat(path, &status) == 0)
    search.program_inode = status.st_ino;
  int error = process_each_file(pid, see_file, &search);
  if (error == 0 && search.no_memory)
    error = ENOMEM;
  for (enum place place = PLACE_PROGRAM; error == 0 && place <= last; place++)
    for (size_t i = 0; i < search.count && !search.found; i++)
      if (place_of(&search, &search.files[i]) == place)
        look_into(&search, &search.files[i], place);
  free(search.files);
  if (error != 0)
    return error;
  *address = search.address;
  return search.found ? 0 : search.out_of_reach ? ENODATA : ENOENT;
}

int heap_root_find(pid_t pid, uint64_t *address) {
  return find(pid, FH_ACCOUNTS_SYMBOL, PLACE_OTHERS, address);
}

int heap_root_find_other(pid_t pid, const char *symbol, uint64_t *address) {
  return find(pid, symbol, PLACE_LIBRARY, address);
}
