/* frames.h: the addresses of a stack as functions and lines. */
#ifndef FREEHOLD_REPORT_FRAMES_H
#define FREEHOLD_REPORT_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/report.h"
#include "tool/report/mappings.h"
#include "tool/report/symbols.h"

/* The strings belong to the symbols and the mappings the frame was made from. */
struct frame {
  const char *function; /* NULL: not known */
  const char *file;     /* NULL: not known */
  int line, column;     /* 0: not known */
  const char *module;   /* path of the ELF file; "" when the address is in none */
  uint64_t offset;      /* in that file */
  uint64_t address;
  bool inlined; /* into the next frame */
};

struct frames {
  struct frame *all; /* the innermost first */
  size_t count, room;
  bool cut; /* there were more */
};

/* Frames of Freehold itself at the innermost end are left out. `mappings` may be NULL. */
struct frames frames_resolve(const struct fh_report_stack *stack, const struct mappings *mappings,
                             struct symbols *symbols);
void frames_destroy(struct frames *frames);

/* Mixes up to `most` of the innermost frames, as places in files, into a hash: the same for the same stack in every
 * process. */
uint64_t frames_hash(uint64_t hash, const struct fh_report_stack *stack, const struct mappings *mappings,
                     uint32_t most);

/* "libx.so.1", of "/usr/lib/libx.so.1". */
const char *frame_module_name(const struct frame *frame);

/* The innermost frame that is not in the C or C++ library: whose report it is. NULL when there are no frames. */
const struct frame *frames_responsible(const struct frames *frames);

#endif
