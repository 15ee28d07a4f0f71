#include "trace/modules.h"

#include <elf.h>

/* glibc's struct dl_find_object, for C libraries whose <dlfcn.h> has none. */
struct loader_object {
  unsigned long long flags;
  void *map_start, *map_end;
  void *link_map;
  void *frames;
  unsigned long long reserved[12];
};

/* Lock-free and async-signal-safe, as the C library's manual says. */
extern int _dl_find_object(void *address, struct loader_object *result) __attribute__((weak));

bool module_table_forced;

bool module_find(uintptr_t pc, struct module *module) {
  if (_dl_find_object == NULL || module_table_forced)
    return module_table_find(pc, module);
  struct loader_object object;
  module->unsure = false;
  if (_dl_find_object((void *)pc, &object) != 0)
    return false;
  *module = (struct module){(uintptr_t)object.map_start, (uintptr_t)object.map_end, (uintptr_t)object.frames,
                            (uintptr_t)object.link_map, false};
  /* Of a static program glibc knows the code alone, and what tells of its frames lies elsewhere. */
  if (module->frames >= module->end)
    return module_table_find(pc, module);
  return true;
}

static uint64_t mix(uint64_t hash, uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
  return hash ^ hash >> 29;
}

static uint64_t hash_bytes(uintptr_t from, size_t bytes) {
  uint64_t hash = bytes;
  for (size_t i = 0; i + sizeof(uint64_t) <= bytes; i += sizeof(uint64_t)) {
    uint64_t word;
    __builtin_memcpy(&word, (const void *)(from + i), sizeof word);
    hash = mix(hash, word);
  }
  return hash;
}

/* Enough of the table of functions to tell one build from another. */
#define FRAMES_BYTES ((size_t)1 << 12)

uint64_t module_fingerprint(const struct module *module) {
  const Elf64_Ehdr *header = (const Elf64_Ehdr *)module->start;
  uint64_t hash = mix(module->start, module->end);
  hash = mix(hash, module->frames);
  if (module->end - module->start >= sizeof *header && __builtin_memcmp(header->e_ident, ELFMAG, SELFMAG) == 0) {
    hash = mix(hash, hash_bytes(module->start, sizeof *header));
    size_t length = header->e_phnum * sizeof(Elf64_Phdr);
    const Elf64_Phdr *program = (const Elf64_Phdr *)(module->start + header->e_phoff);
    if (header->e_phentsize == sizeof *program && module->end - module->start > header->e_phoff + length) {
      for (unsigned i = 0; i < header->e_phnum; i++) {
        uintptr_t note = module->start + program[i].p_vaddr;
        /* A position-dependent program's addresses are not offsets; its own are never replaced. */
        if (program[i].p_type == PT_NOTE && program[i].p_vaddr < module->end - module->start &&
            program[i].p_memsz < module->end - note)
          hash = mix(hash, hash_bytes(note, program[i].p_memsz));
      }
    }
  }
  if (module->frames != 0 && module->frames < module->end) {
    size_t there = module->end - module->frames;
    hash = mix(hash, hash_bytes(module->frames, there < FRAMES_BYTES ? there : FRAMES_BYTES));
  }
  return hash | 1;
}

/* ---- What was found before ---- */

#define REMEMBERED_MOST 512

/* All atomic; `start` is claimed first, 0: free. A reader between the writes sees numbers that do not fit, and
 * takes the module for a new one, which costs time and nothing else. */
struct remembered {
  uintptr_t start, end;
  uint64_t where;       /* hash of what _dl_find_object says */
  uint64_t fingerprint; /* hash of the content */
};

static struct remembered remembered[REMEMBERED_MOST];
static uint32_t remembered_count; /* atomic; slots below it may be in use */

static uint64_t where_of(const struct module *module) {
  return mix(mix(mix(module->start, module->end), module->frames), module->location) | 1;
}

static void remember(struct remembered *slot, const struct module *module, uint64_t fingerprint) {
  __atomic_store_n(&slot->end, module->end, __ATOMIC_RELAXED);
  __atomic_store_n(&slot->where, where_of(module), __ATOMIC_RELAXED);
  __atomic_store_n(&slot->fingerprint, fingerprint, __ATOMIC_RELEASE);
}

enum module_news module_note(const struct module *module) {
  uint64_t fingerprint = module_fingerprint(module);
  uint32_t count = __atomic_load_n(&remembered_count, __ATOMIC_ACQUIRE);
  bool overlaps = false, known = false;
  for (uint32_t i = 0; i < count; i++) {
    struct remembered *slot = &remembered[i];
    uintptr_t start = __atomic_load_n(&slot->start, __ATOMIC_ACQUIRE);
    if (start == 0)
      continue;
    if (start == module->start) {
      known = true;
      if (__atomic_load_n(&slot->fingerprint, __ATOMIC_ACQUIRE) != fingerprint) {
        remember(slot, module, fingerprint);
        overlaps = true;
      } else if (__atomic_load_n(&slot->where, __ATOMIC_RELAXED) != where_of(module)) {
        remember(slot, module, fingerprint); /* the same file loaded again */
      }
    } else if (start < module->end && module->start < __atomic_load_n(&slot->end, __ATOMIC_RELAXED)) {
      __atomic_store_n(&slot->start, 0, __ATOMIC_RELEASE);
      overlaps = true;
    }
  }
  if (known)
    return overlaps ? MODULE_INSTEAD : MODULE_KNOWN;
  for (uint32_t i = 0; i < REMEMBERED_MOST; i++) {
    uintptr_t empty = 0;
    if (!__atomic_compare_exchange_n(&remembered[i].start, &empty, module->start, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED))
      continue;
    remember(&remembered[i], module, fingerprint);
    uint32_t seen = __atomic_load_n(&remembered_count, __ATOMIC_RELAXED);
    while (seen < i + 1 &&
           !__atomic_compare_exchange_n(&remembered_count, &seen, i + 1, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)) {
    }
    return overlaps ? MODULE_INSTEAD : MODULE_ADDED;
  }
  /* More modules than can be remembered: whoever comes on top is always new. */
  return MODULE_INSTEAD;
}

bool modules_changed(void) {
  uint32_t count = __atomic_load_n(&remembered_count, __ATOMIC_ACQUIRE);
  bool changed = false;
  for (uint32_t i = 0; i < count; i++) {
    struct remembered *slot = &remembered[i];
    uintptr_t start = __atomic_load_n(&slot->start, __ATOMIC_ACQUIRE);
    uint64_t where = __atomic_load_n(&slot->where, __ATOMIC_RELAXED);
    struct module now;
    if (start == 0 || (module_find(start, &now) && where_of(&now) == where))
      continue;
    __atomic_compare_exchange_n(&slot->start, &start, 0, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
    changed = true;
  }
  return changed;
}
