/* The table of modules where the C library keeps none that can be asked without a lock. */
#include "trace/modules.h"
#include "trace/stack_range.h"
#include "space/kernel.h"
#include "space/mapping_lines.h"

#include <elf.h>
#include <unistd.h>

#define MODULES_MOST 1024

struct table {
  uint32_t count;
  struct module modules[MODULES_MOST]; /* by address */
};

/* `version` is odd while the one who has `maker` writes. A reader that sees it odd, or changed, has read nothing. */
static struct table table;
static uint32_t version; /* atomic */
static uint64_t maker;   /* atomic: who makes the table now, or 0 */

/* How often to look again whether another thread has finished; it takes some hundred microseconds at most. */
#define TRIES_MOST 2000

/* A thread of a process. A child of fork finds the maker of its parent, whom it need not wait for. */
static uint64_t process_part(void) {
  return (uint64_t)getpid() << 44;
}
static uint64_t maker_self(void) {
  return process_part() | (uintptr_t)&own_stack >> 3;
}

enum table_answer { TABLE_HAS, TABLE_HAS_NOT, TABLE_UNSURE };

static enum table_answer table_search(uintptr_t pc, struct module *module) {
  for (int tries = 0; tries < TRIES_MOST; tries++) {
    uint32_t before = __atomic_load_n(&version, __ATOMIC_ACQUIRE);
    if ((before & 1) != 0) {
      uint64_t other = __atomic_load_n(&maker, __ATOMIC_RELAXED);
      if (other == maker_self())
        return TABLE_UNSURE; /* we have interrupted it */
      if (other != 0 && other >> 44 != process_part() >> 44)
        return TABLE_HAS_NOT; /* it is not there any more: make it anew */
      kernel_yield();
      continue;
    }
    uint32_t low = 0, high = __atomic_load_n(&table.count, __ATOMIC_RELAXED);
    while (low < high) {
      uint32_t middle = low + (high - low) / 2;
      if (pc < __atomic_load_n(&table.modules[middle].end, __ATOMIC_RELAXED))
        high = middle;
      else
        low = middle + 1;
    }
    struct module found = {0};
    if (low < MODULES_MOST)
      found = table.modules[low];
    bool inside = low < __atomic_load_n(&table.count, __ATOMIC_RELAXED) && pc >= found.start && pc < found.end;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (__atomic_load_n(&version, __ATOMIC_RELAXED) == before) {
      *module = found;
      return inside ? TABLE_HAS : TABLE_HAS_NOT;
    }
  }
  return TABLE_UNSURE;
}

/* What /proc/self/maps says of the module being read: its mappings follow each other. */
struct gathering {
  struct mapping_line first;
  bool executable;
};

/* Fills in what the program headers say. Mappings of a data file that happens to be an ELF file have none
 * executable. */
static void add_module(const struct gathering *gathering) {
  const struct mapping_line *first = &gathering->first;
  if (first->file == 0 || !gathering->executable || first->file_offset != 0 || !first->readable ||
      first->end - first->start < sizeof(Elf64_Ehdr) || table.count == MODULES_MOST || !kernel_readable(first->start))
    return;
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)first->start;
  size_t there = first->end - first->start;
  if (__builtin_memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_phentsize != sizeof(Elf64_Phdr) ||
      header->e_phoff > there || header->e_phnum * sizeof(Elf64_Phdr) > there - header->e_phoff)
    return;
  const Elf64_Phdr *program = (const Elf64_Phdr *)(first->start + header->e_phoff);
  uintptr_t lowest = UINTPTR_MAX, highest = 0, frames = 0;
  for (unsigned i = 0; i < header->e_phnum; i++) {
    uintptr_t start = program[i].p_vaddr;
    if (program[i].p_type == PT_LOAD) {
      if (start - program[i].p_offset < lowest)
        lowest = start - program[i].p_offset;
      if (start + program[i].p_memsz > highest)
        highest = start + program[i].p_memsz;
    } else if (program[i].p_type == PT_GNU_EH_FRAME) {
      frames = start;
    }
  }
  if (lowest >= highest)
    return;
  uintptr_t bias = first->start - lowest;
  struct module made = {first->start, highest + bias, frames != 0 ? frames + bias : 0, first->file, false};
  table.modules[table.count++] = made;
}

static bool take_line(void *context, const struct mapping_line *line) {
  static const char kernel_module[] = "[vdso]"; /* the kernel's own module has no file */
  struct gathering *gathering = context;
  struct mapping_line mapping = *line;
  size_t length = sizeof kernel_module - 1;
  if ((size_t)(line->path_end - line->path) >= length && __builtin_memcmp(line->path, kernel_module, length) == 0)
    mapping.file = 1;
  if (mapping.file == 0)
    return true; /* what has no file may lie between the mappings of one that has */
  if (mapping.file != gathering->first.file || mapping.file_offset == 0) {
    add_module(gathering);
    gathering->first = mapping;
    gathering->executable = false;
  }
  gathering->executable |= mapping.executable;
  return true;
}

static void table_read(void) {
  struct gathering gathering = {0};
  char buffer[640]; /* on any stack */
  table.count = 0;
  mapping_lines(take_line, &gathering, buffer, sizeof buffer);
  add_module(&gathering);
}

/* False when somebody else is at it, perhaps the code that a signal interrupted here. */
static bool table_make(void) {
  uint64_t self = maker_self(), found = __atomic_load_n(&maker, __ATOMIC_RELAXED);
  if (found != 0 && found >> 44 == self >> 44)
    return false;
  if (!__atomic_compare_exchange_n(&maker, &found, self, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
    return false;
  uint32_t odd = __atomic_load_n(&version, __ATOMIC_RELAXED) | 1;
  __atomic_store_n(&version, odd, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_RELEASE);
  table_read();
  __atomic_store_n(&version, odd + 1, __ATOMIC_RELEASE);
  __atomic_store_n(&maker, 0, __ATOMIC_RELEASE);
  return true;
}

/* An entry may be of a file that is gone, and another one there: the kernel is asked whether the unwind
 * information can still be read; that it is another file's, the fingerprint tells. */
static bool still_there(const struct module *module) {
  return kernel_readable(module->start) &&
         (module->frames == 0 || kernel_readable(align_down(module->frames, sizeof(uintptr_t))));
}

bool module_table_find(uintptr_t pc, struct module *module) {
  for (int tries = 0; tries < TRIES_MOST; tries++) {
    uint32_t before = __atomic_load_n(&version, __ATOMIC_ACQUIRE);
    enum table_answer answer = table_search(pc, module);
    if (answer == TABLE_HAS && still_there(module))
      return true;
    if (answer == TABLE_UNSURE)
      break;
    bool made = table_make();
    if (made || __atomic_load_n(&version, __ATOMIC_ACQUIRE) - before >= 4) {
      /* Made from its beginning after this call began: what isn't there now is nowhere. */
      answer = table_search(pc, module);
      module->unsure = answer == TABLE_UNSURE;
      return answer == TABLE_HAS;
    }
    if (__atomic_load_n(&maker, __ATOMIC_RELAXED) == maker_self())
      break;
    kernel_yield();
  }
  module->unsure = true;
  return false;
}
