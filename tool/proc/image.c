#include "tool/proc/image.h"

#include <elf.h>
#include <string.h>

enum {
  SEGMENT_LIMIT = 64, /* more than any linker writes */
  DYNAMIC_LIMIT = 512,
  SYMBOL_LIMIT = 1 << 16, /* ends the walk over a table without an end */
  NAME_LIMIT = 64,
};

struct dynamic_tables {
  uint64_t symbols, strings, string_bytes;
};

static bool read_at(struct process_memory *memory, uint64_t address, void *to, size_t bytes) {
  return process_memory_read(memory, address, to, bytes) == 0;
}

/* The loader of glibc has turned the addresses in the dynamic section into absolute ones; others may leave them. */
static uint64_t absolute(uint64_t address, uint64_t bias) {
  return address < bias ? address + bias : address;
}

static bool read_dynamic(struct process_memory *memory, uint64_t address, uint64_t bias,
                         struct dynamic_tables *tables) {
  memset(tables, 0, sizeof *tables);
  for (size_t i = 0; i < DYNAMIC_LIMIT; i++) {
    Elf64_Dyn entry;
    if (!read_at(memory, address + i * sizeof entry, &entry, sizeof entry))
      return false;
    if (entry.d_tag == DT_NULL)
      break;
    if (entry.d_tag == DT_SYMTAB)
      tables->symbols = absolute(entry.d_un.d_ptr, bias);
    else if (entry.d_tag == DT_STRTAB)
      tables->strings = absolute(entry.d_un.d_ptr, bias);
    else if (entry.d_tag == DT_STRSZ)
      tables->string_bytes = entry.d_un.d_val;
  }
  return tables->symbols != 0 && tables->strings != 0;
}

/* The table does not say how long it is; the names lie after it in every linker's layout, so it ends there. */
static bool find_symbol(struct process_memory *memory, const struct dynamic_tables *tables, const char *name,
                        uint64_t *value) {
  size_t name_bytes = strlen(name) + 1;
  for (uint64_t i = 1; i < SYMBOL_LIMIT; i++) {
    Elf64_Sym symbol;
    char found[NAME_LIMIT];
    uint64_t at = tables->symbols + i * sizeof symbol;
    if (tables->strings > tables->symbols && at >= tables->strings)
      return false;
    if (!read_at(memory, at, &symbol, sizeof symbol))
      return false;
    if (symbol.st_shndx == SHN_UNDEF || symbol.st_name >= tables->string_bytes ||
        name_bytes > tables->string_bytes - symbol.st_name)
      continue;
    if (read_at(memory, tables->strings + symbol.st_name, found, name_bytes) &&
        memcmp(found, name, name_bytes) == 0) {
      *value = symbol.st_value;
      return true;
    }
  }
  return false;
}

bool image_symbol(struct process_memory *memory, uint64_t start, const char *name, uint64_t *address) {
  Elf64_Ehdr header;
  if (strlen(name) >= NAME_LIMIT || !read_at(memory, start, &header, sizeof header) ||
      memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
      header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > SEGMENT_LIMIT)
    return false;
  Elf64_Phdr segments[SEGMENT_LIMIT];
  if (!read_at(memory, start + header.e_phoff, segments, header.e_phnum * sizeof segments[0]))
    return false;
  uint64_t bias = 0, dynamic = 0;
  bool placed = false;
  for (size_t i = 0; i < header.e_phnum; i++) {
    if (segments[i].p_type == PT_LOAD && segments[i].p_offset == 0) {
      bias = start - segments[i].p_vaddr;
      placed = true;
    } else if (segments[i].p_type == PT_DYNAMIC) {
      dynamic = segments[i].p_vaddr;
    }
  }
  struct dynamic_tables tables;
  uint64_t value;
  if (!placed || dynamic == 0 || !read_dynamic(memory, dynamic + bias, bias, &tables) ||
      !find_symbol(memory, &tables, name, &value))
    return false;
  *address = value + bias;
  return true;
}
