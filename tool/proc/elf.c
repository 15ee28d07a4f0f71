#include "tool/proc/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct elf_file {
  int descriptor;
  Elf *elf;
  GElf_Ehdr header;
  char *interpreter;
};

static char *copy_interpreter(Elf *elf) {
  size_t count;
  if (elf_getphdrnum(elf, &count) != 0)
    return NULL;
  for (size_t i = 0; i < count; i++) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf, (int)i, &segment) == NULL || segment.p_type != PT_INTERP)
      continue;
    size_t file_bytes;
    const char *bytes = elf_rawfile(elf, &file_bytes);
    if (bytes == NULL || segment.p_offset > file_bytes || segment.p_filesz > file_bytes - segment.p_offset)
      return NULL;
    return strndup(bytes + segment.p_offset, segment.p_filesz);
  }
  return NULL;
}

struct elf_file *elf_file_open(const char *path) {
  elf_version(EV_CURRENT);
  struct elf_file *file = calloc(1, sizeof *file);
  if (file == NULL)
    return NULL;
  int error = 0;
  file->descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file->descriptor < 0)
    error = errno;
  else if ((file->elf = elf_begin(file->descriptor, ELF_C_READ_MMAP, NULL)) == NULL ||
           elf_kind(file->elf) != ELF_K_ELF || gelf_getehdr(file->elf, &file->header) == NULL)
    error = ENOEXEC;
  if (error != 0) {
    elf_file_close(file);
    errno = error;
    return NULL;
  }
  file->interpreter = copy_interpreter(file->elf);
  return file;
}

void elf_file_close(struct elf_file *file) {
  if (file == NULL)
    return;
  if (file->elf != NULL)
    elf_end(file->elf);
  if (file->descriptor >= 0)
    close(file->descriptor);
  free(file->interpreter);
  free(file);
}

struct elf_kind elf_file_kind(const struct elf_file *file) {
  return (struct elf_kind){
      .elf_class = file->header.e_ident[EI_CLASS],
      .byte_order = file->header.e_ident[EI_DATA],
      .machine = file->header.e_machine,
      .type = file->header.e_type,
  };
}

bool elf_kind_runs_with(struct elf_kind one, struct elf_kind other) {
  return one.elf_class == other.elf_class && one.byte_order == other.byte_order && one.machine == other.machine;
}

void elf_kind_text(struct elf_kind kind, char *buffer, size_t bytes) {
  static const struct {
    uint16_t machine;
    const char *name;
  } names[] = {{EM_X86_64, "x86-64"}, {EM_386, "x86"},     {EM_AARCH64, "AArch64"}, {EM_ARM, "Arm"},
               {EM_RISCV, "RISC-V"},  {EM_PPC64, "POWER"}, {EM_S390, "s390"}};
  const char *bits = kind.elf_class == ELFCLASS32 ? "32-bit" : "64-bit";
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].machine == kind.machine) {
      snprintf(buffer, bytes, "%s %s", bits, names[i].name);
      return;
    }
  snprintf(buffer, bytes, "%s machine number %u", bits, kind.machine);
}

bool elf_file_has_sections(const struct elf_file *file) {
  GElf_Shdr header;
  return elf_nextscn(file->elf, NULL) != NULL && gelf_getshdr(elf_nextscn(file->elf, NULL), &header) != NULL;
}

const char *elf_file_interpreter(const struct elf_file *file) {
  return file->interpreter;
}

static Elf_Scn *find_section(Elf *elf, uint32_t type, GElf_Shdr *header) {
  for (Elf_Scn *section = elf_nextscn(elf, NULL); section != NULL; section = elf_nextscn(elf, section))
    if (gelf_getshdr(section, header) != NULL && header->sh_type == type)
      return section;
  return NULL;
}

const char *elf_file_dynamic_string(const struct elf_file *file, int64_t tag, size_t index) {
  GElf_Shdr header;
  Elf_Scn *section = find_section(file->elf, SHT_DYNAMIC, &header);
  Elf_Data *data = section == NULL ? NULL : elf_getdata(section, NULL);
  if (data == NULL || header.sh_entsize == 0)
    return NULL;
  for (int i = 0; (size_t)i < data->d_size / header.sh_entsize; i++) {
    GElf_Dyn entry;
    if (gelf_getdyn(data, i, &entry) == NULL || entry.d_tag == DT_NULL)
      return NULL;
    if (entry.d_tag == tag && index-- == 0)
      return elf_strptr(file->elf, header.sh_link, entry.d_un.d_val);
  }
  return NULL;
}

static uint32_t gnu_hash(const char *name) {
  uint32_t hash = 5381;
  for (const unsigned char *at = (const unsigned char *)name; *at != 0; at++)
    hash = hash * 33 + *at;
  return hash;
}

/* Whether the dynamic symbols of a file of this machine's kind have none with this name, by the filter that stands before
 * their hash table (DT_GNU_HASH): one word, where the table itself may have thousands of names. */
static bool surely_lacks(Elf *elf, const GElf_Ehdr *file, const char *name) {
  GElf_Shdr header;
  bool alike = file->e_ident[EI_CLASS] == ELFCLASS64 && file->e_ident[EI_DATA] == ELFDATA2LSB;
  Elf_Scn *section = alike ? find_section(elf, SHT_GNU_HASH, &header) : NULL;
  Elf_Data *data = section == NULL ? NULL : elf_rawdata(section, NULL);
  struct {
    uint32_t buckets, first, filter_words, shift;
  } table;
  if (data == NULL || data->d_buf == NULL || data->d_size < sizeof table)
    return false;
  memcpy(&table, data->d_buf, sizeof table);
  uint32_t hash = gnu_hash(name);
  if (table.filter_words == 0 || (data->d_size - sizeof table) / sizeof(uint64_t) < table.filter_words ||
      table.shift > 31)
    return false;
  uint64_t word;
  size_t place = hash / 64 % table.filter_words;
  memcpy(&word, (const char *)data->d_buf + sizeof table + place * sizeof word, sizeof word);
  return (word >> hash % 64 & word >> (hash >> table.shift) % 64 & 1) == 0;
}

static bool find_symbol(Elf *elf, uint32_t table_type, const char *name, uint64_t *value) {
  GElf_Shdr header, string_header;
  Elf_Scn *section = find_section(elf, table_type, &header);
  Elf_Data *data = section == NULL ? NULL : elf_getdata(section, NULL);
  if (data == NULL || header.sh_entsize == 0)
    return false;
  Elf_Scn *string_section = elf_getscn(elf, header.sh_link);
  if (string_section == NULL || gelf_getshdr(string_section, &string_header) == NULL)
    return false;
  Elf_Data *strings = elf_getdata(string_section, NULL);
  if (strings == NULL || strings->d_buf == NULL)
    return false;
  size_t name_bytes = strlen(name) + 1;
  for (int i = 0; (size_t)i < data->d_size / header.sh_entsize; i++) {
    GElf_Sym symbol;
    if (gelf_getsym(data, i, &symbol) == NULL || symbol.st_shndx == SHN_UNDEF)
      continue;
    int type = GELF_ST_TYPE(symbol.st_info);
    if (type == STT_SECTION || type == STT_FILE || type == STT_TLS)
      continue;
    if (symbol.st_name >= strings->d_size || name_bytes > strings->d_size - symbol.st_name)
      continue;
    if (memcmp((const char *)strings->d_buf + symbol.st_name, name, name_bytes) == 0) {
      *value = symbol.st_value;
      return true;
    }
  }
  return false;
}

bool elf_file_symbol(const struct elf_file *file, const char *name, enum elf_symbol_tables tables, uint64_t *value) {
  return (!surely_lacks(file->elf, &file->header, name) && find_symbol(file->elf, SHT_DYNSYM, name, value)) ||
         (tables == ELF_ALL_SYMBOLS && find_symbol(file->elf, SHT_SYMTAB, name, value));
}

bool elf_file_bias(const struct elf_file *file, uint64_t address, uint64_t file_offset, uint64_t *bias) {
  size_t count;
  if (elf_getphdrnum(file->elf, &count) != 0)
    return false;
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  for (size_t i = 0; i < count; i++) {
    GElf_Phdr segment;
    if (gelf_getphdr(file->elf, (int)i, &segment) == NULL || segment.p_type != PT_LOAD ||
        (segment.p_offset & ~(page - 1)) != file_offset)
      continue;
    *bias = address - (segment.p_vaddr & ~(page - 1));
    return true;
  }
  return false;
}
