/*
 * mappings.h: what is mapped where, as /proc/self/maps says, and reading it without ever faulting.
 *
 * Memory is read where it stands when that can't fail: private memory, present, while nothing runs that could unmap
 * it. All else is copied out by the kernel, which stops at a page that isn't there instead of sending a signal.
 */
#ifndef FREEHOLD_REACH_MAPPINGS_H
#define FREEHOLD_REACH_MAPPINGS_H

#include "base/bits.h"

enum mapping_kind { MAPPING_ANONYMOUS, MAPPING_STACK, MAPPING_FILE, MAPPING_DEVICE };

struct mapping {
  uintptr_t start, end;
  bool readable, writable, shared;
  uint8_t kind; /* enum mapping_kind; the first thread's stack alone is MAPPING_STACK */
};

/* Reads the table; the one before is forgotten. `frozen`: nothing else runs that could change a mapping. False when
 * there is no /proc or no memory. */
bool mappings_read(bool frozen);
void mappings_forget(void);
size_t mappings_count(void);
const struct mapping *mapping_number(size_t index);
/* The mapping that holds an address, or NULL. */
const struct mapping *mapping_at(uintptr_t address);
/* Whether the mapping directly below may not be touched: then its start is the end of a stack in it. */
bool mapping_is_guarded(const struct mapping *mapping);

/* Takes words that were found: words[i] stands at address `at` + 8 i. False ends the reading. */
struct word_reader {
  bool (*take)(struct word_reader *reader, const uintptr_t *words, size_t count, uintptr_t at);
};

/* Gives all aligned words of a range within one mapping that have contents. False when the reader ended it. */
bool mapping_words(const struct mapping *mapping, uintptr_t start, uintptr_t end, struct word_reader *reader);
/* The same of any range, such as an object's: also of pages that may not be touched at the moment. */
bool memory_words(uintptr_t start, size_t bytes, struct word_reader *reader);
/* The same with nothing believed about the range. */
bool memory_copied_words(uintptr_t start, size_t bytes, struct word_reader *reader);

/* A line about an address: the path of its mapping's file, or of the file whose data it continues; else "". Reads
 * /proc/self/maps again. */
void mapping_describe(uintptr_t address, char *to, size_t bytes);

#endif
