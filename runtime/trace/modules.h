/*
 * modules.h: which program file lies at an address, and where is its unwind information? Answers without the loader's lock.
 *
 * Where the C library has _dl_find_object (glibc 2.35), it answers. Where not, a table of our own does, made of
 * /proc/self/maps and the program headers in memory, and made anew when an address is not in it.
 */
#ifndef FREEHOLD_TRACE_MODULES_H
#define FREEHOLD_TRACE_MODULES_H

#include "base/bits.h"

struct module {
  uintptr_t start, end; /* of everything that is mapped from the file */
  uintptr_t frames;     /* .eh_frame_hdr; 0: it has none */
  uintptr_t location;   /* differs for another file at the same place, most of the time */
  bool unsure;          /* nothing was found, but could not be looked for either: a later call may find it */
};

/* False when `pc` is in no module, as far as can be told now. Async-signal-safe. */
bool module_find(uintptr_t pc, struct module *module);

/* For tests: our own table answers, whatever the C library has. */
INTERNAL extern bool module_table_forced;
bool module_table_find(uintptr_t pc, struct module *module);

enum module_news {
  MODULE_KNOWN,
  MODULE_ADDED,   /* seen for the first time, where nothing was seen before */
  MODULE_INSTEAD, /* at least a part of it is where another one was */
};
/* What was found is remembered, so that a file in another's place is noticed: then what is known of `module`'s addresses
 * (rules of frames, say) may be another module's. */
enum module_news module_note(const struct module *module);
/* Looks all remembered modules up again; true when one of them is gone. Costs some tens of nanoseconds for each. */
bool modules_changed(void);

/* A number for the content of the module: its build id where it has one. Reads its first page. */
uint64_t module_fingerprint(const struct module *module);

#endif
