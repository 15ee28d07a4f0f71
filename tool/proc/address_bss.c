#include "tool/proc/address_bss.h"

#include <elf.h>
#include <string.h>
#include <unistd.h>

#include "tool/proc/process.h"

enum { HEADERS_MAX = 32 };

/* Where the writable data of the file ends in memory whose first piece is at `image`; 0 when that can't be told.
 * Of 64-bit files; of others the data counts as anonymous. */
static uint64_t data_end(struct process_memory *memory, uint64_t image) {
  Elf64_Ehdr head;
  Elf64_Phdr headers[HEADERS_MAX];
  if (process_memory_read(memory, image, &head, sizeof head) != 0 || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
      head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof headers[0] || head.e_phnum > HEADERS_MAX ||
      process_memory_read(memory, image + head.e_phoff, headers, head.e_phnum * sizeof headers[0]) != 0)
    return 0;
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), first = UINT64_MAX, end = 0;
  for (size_t i = 0; i < head.e_phnum; i++) {
    if (headers[i].p_type != PT_LOAD)
      continue;
    if (headers[i].p_vaddr < first)
      first = headers[i].p_vaddr;
    if ((headers[i].p_flags & PF_W) != 0 && headers[i].p_vaddr + headers[i].p_memsz > end)
      end = headers[i].p_vaddr + headers[i].p_memsz;
  }
  return first == UINT64_MAX || end <= first ? 0 : image + ((end + page - 1) & ~(page - 1)) - (first & ~(page - 1));
}

bool address_bss_mark(pid_t pid, struct address_regions *regions) {
  struct process_memory memory = {.pid = pid, .descriptor = -1};
  bool good = true;
  size_t image = SIZE_MAX; /* the region that begins the latest file */
  for (size_t i = 0; i < regions->count && good; i++) {
    struct address_region *region = &regions->all[i];
    if (region->inode != 0 && region->file_offset == 0 && region->kind != ADDRESS_MAPPED_FILE &&
        (image == SIZE_MAX || regions->all[image].inode != region->inode))
      image = i;
    if (region->kind != ADDRESS_ANONYMOUS || i == 0 || image == SIZE_MAX)
      continue;
    const struct address_region *before = region - 1;
    if (before->end != region->start || before->kind != ADDRESS_DATA || before->inode != regions->all[image].inode)
      continue;
    uint64_t end = data_end(&memory, regions->all[image].start);
    if (end > region->start && end < region->end)
      good = address_regions_split(regions, i, end);
    if (end > regions->all[i].start)
      regions->all[i].kind = ADDRESS_DATA;
  }
  process_memory_close(&memory);
  return good;
}
