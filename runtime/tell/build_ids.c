#include "tell/build_ids.h"
#include "space/kernel.h"
#include "space/mapping_lines.h"

#include <elf.h>
#include <string.h>

/* Program headers, and bytes of notes, that are looked at. */
#define SEGMENTS_MOST 64u
#define NOTES_MOST    2048u

static bool read_all(uintptr_t address, void *to, size_t bytes) {
  return kernel_read_own(address, to, bytes) == bytes;
}

/* The id among notes; its length, 0 when there is none. */
static size_t find_id(const unsigned char *notes, size_t length, uint8_t *id) {
  static const char owner[] = "GNU";
  for (size_t at = 0; at + sizeof(Elf64_Nhdr) <= length;) {
    Elf64_Nhdr note;
    memcpy(&note, notes + at, sizeof note);
    at += sizeof note;
    size_t name = align_up(note.n_namesz, 4), content = align_up(note.n_descsz, 4);
    if (name > length - at || content > length - at - name)
      return 0;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof owner &&
        memcmp(notes + at, owner, sizeof owner) == 0 && note.n_descsz > 0 && note.n_descsz <= FH_BUILD_ID_BYTES) {
      memcpy(id, notes + at + name, note.n_descsz);
      return note.n_descsz;
    }
    at += name + content;
  }
  return 0;
}

/* Of the module whose file's beginning is mapped at `start`. */
static size_t id_of(uintptr_t start, uint8_t *id) {
  Elf64_Ehdr header;
  Elf64_Phdr segments[SEGMENTS_MOST];
  if (!read_all(start, &header, sizeof header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_phentsize != sizeof segments[0])
    return 0;
  size_t count = header.e_phnum < SEGMENTS_MOST ? header.e_phnum : SEGMENTS_MOST;
  if (!read_all(start + header.e_phoff, segments, count * sizeof segments[0]))
    return 0;
  uintptr_t bias = start;
  for (size_t i = 0; i < count; i++)
    if (segments[i].p_type == PT_LOAD && segments[i].p_offset == 0)
      bias = start - segments[i].p_vaddr;
  for (size_t i = 0; i < count; i++) {
    unsigned char notes[NOTES_MOST];
    size_t length = segments[i].p_filesz < sizeof notes ? segments[i].p_filesz : sizeof notes;
    if (segments[i].p_type != PT_NOTE || !read_all(bias + segments[i].p_vaddr, notes, length))
      continue;
    size_t found = find_id(notes, length, id);
    if (found != 0)
      return found;
  }
  return 0;
}

void build_ids_collect(const char *text, size_t length, struct fh_record_build_ids *record, size_t bytes) {
  struct fh_build_id *ids = (struct fh_build_id *)(record + 1);
  memset(record, 0, sizeof *record);
  record->head.type = FH_RECORD_BUILD_IDS;
  for (const char *line = text, *end = text + length, *newline;
       line < end && (newline = memchr(line, '\n', (size_t)(end - line))) != NULL; line = newline + 1) {
    struct mapping_line mapping;
    if (!mapping_line_parse(line, newline, &mapping) || mapping.file == 0 || mapping.file_offset != 0 ||
        !mapping.readable || mapping.shared || *mapping.path != '/')
      continue;
    if (sizeof *record + (record->count + 1) * sizeof *ids > bytes)
      break;
    struct fh_build_id *id = &ids[record->count];
    memset(id, 0, sizeof *id);
    id->start = mapping.start;
    id->bytes = (uint32_t)id_of(mapping.start, id->id);
    record->count += id->bytes != 0;
  }
  record->head.bytes = (uint32_t)(sizeof *record + record->count * sizeof *ids);
}
