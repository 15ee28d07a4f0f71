#include "tool/proc/heap_root.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "record/accounts.h"
#include "tool/proc/elf.h"
#include "tool/proc/image.h"
#include "tool/proc/process.h"

enum pass { PASS_LIBRARY, PASS_PROGRAM, PASS_OTHERS, PASS_COUNT };

struct search {
  pid_t pid;
  const char *symbol;
  enum pass pass;
  uint64_t program_inode;
  bool found, out_of_reach;
  uint64_t address;
};

static enum pass pass_of(const struct search *search, const struct process_mapping *mapping) {
  static const char library[] = "libfreehold";
  const char *name = strrchr(mapping->path, '/') + 1;
  if (strncmp(name, library, strlen(library)) == 0)
    return PASS_LIBRARY;
  return mapping->inode == search->program_inode ? PASS_PROGRAM : PASS_OTHERS;
}

static bool look_into(void *context, const struct process_mapping *mapping) {
  struct search *search = context;
  if (pass_of(search, mapping) != search->pass)
    return false;
  char path[PROCESS_OPENABLE_BYTES];
  struct elf_file *file = process_openable_path(search->pid, mapping, path) ? elf_file_open(path) : NULL;
  if (file == NULL) {
    if (search->pass != PASS_LIBRARY)
      return false;
    struct process_memory memory = {.pid = search->pid, .descriptor = -1};
    search->found =
        mapping->file_offset == 0 && image_symbol(&memory, mapping->start, search->symbol, &search->address);
    process_memory_close(&memory);
    search->out_of_reach |= !search->found;
    return search->found;
  }
  uint64_t value, bias;
  enum elf_symbol_tables tables = search->pass == PASS_OTHERS ? ELF_DYNAMIC_SYMBOLS : ELF_ALL_SYMBOLS;
  if (elf_file_symbol(file, search->symbol, tables, &value) &&
      elf_file_bias(file, mapping->start, mapping->file_offset, &bias)) {
    search->address = value + bias;
    search->found = true;
  }
  elf_file_close(file);
  return search->found;
}

static int find(pid_t pid, const char *symbol, enum pass passes, uint64_t *address) {
  struct search search = {.pid = pid, .symbol = symbol};
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/exe", (long)pid);
  struct stat status;
  if (stat(path, &status) == 0)
    search.program_inode = status.st_ino;
  for (search.pass = PASS_LIBRARY; search.pass < passes && !search.found; search.pass++) {
    int error = process_each_file(pid, look_into, &search);
    if (error != 0)
      return error;
  }
  *address = search.address;
  return search.found ? 0 : search.out_of_reach ? ENODATA : ENOENT;
}

int heap_root_find(pid_t pid, uint64_t *address) {
  return find(pid, FH_ACCOUNTS_SYMBOL, PASS_COUNT, address);
}

int heap_root_find_other(pid_t pid, const char *symbol, uint64_t *address) {
  return find(pid, symbol, PASS_PROGRAM, address);
}
