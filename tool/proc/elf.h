/*
 * elf.h: what the tool wants to know of an ELF file. Over elfutils' libelf; nothing here prints.
 *
 * Files may be broken or hostile: every function answers "not there" rather than trust a field.
 */
#ifndef FREEHOLD_PROC_ELF_H
#define FREEHOLD_PROC_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_file;

/* NULL with errno when the file can't be read, ENOEXEC when it is not ELF. */
struct elf_file *elf_file_open(const char *path);
void elf_file_close(struct elf_file *file);

struct elf_kind {
  unsigned char elf_class;  /* ELFCLASS32, ELFCLASS64 */
  unsigned char byte_order; /* ELFDATA2LSB, ELFDATA2MSB */
  uint16_t machine;         /* EM_... */
  uint16_t type;            /* ET_EXEC, ET_DYN ... */
};
struct elf_kind elf_file_kind(const struct elf_file *file);
bool elf_kind_runs_with(struct elf_kind one, struct elf_kind other);
/* "64-bit x86-64". */
void elf_kind_text(struct elf_kind kind, char *buffer, size_t bytes);

/* Whether there are section headers, without which no symbol can be found here. */
bool elf_file_has_sections(const struct elf_file *file);

/* The loader the program asks for (PT_INTERP), or NULL: then it is static, static-pie, or a library. */
const char *elf_file_interpreter(const struct elf_file *file);

/* The number `index` of the strings that carry `tag` (DT_NEEDED, DT_RUNPATH ...) in the dynamic section, or NULL. */
const char *elf_file_dynamic_string(const struct elf_file *file, int64_t tag, size_t index);

enum elf_symbol_tables { ELF_DYNAMIC_SYMBOLS, ELF_ALL_SYMBOLS };

/* The value of the symbol that the file defines under this name; false when it defines none. The symbols a linker
 * resolves are tried first, then, for ELF_ALL_SYMBOLS, those for debuggers. */
bool elf_file_symbol(const struct elf_file *file, const char *name, enum elf_symbol_tables tables, uint64_t *value);

/* What is added to the file's addresses when its page at `file_offset` is mapped at `address`. False when no loadable
 * segment holds that page. */
bool elf_file_bias(const struct elf_file *file, uint64_t address, uint64_t file_offset, uint64_t *bias);

#endif
