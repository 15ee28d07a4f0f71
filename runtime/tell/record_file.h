/*
 * record_file.h: the file that the command reads, or freehold check --from-records later: the library's side of
 * record/report.h. The option report_file names it.
 *
 * Nothing here allocates; async-signal-safe but for report_mappings, which does nothing while another thread is at it.
 */
#ifndef FREEHOLD_TELL_RECORD_FILE_H
#define FREEHOLD_TELL_RECORD_FILE_H

#include "base/bits.h"
#include "record/report.h"
#include "trace/stack.h"

/* Opens the file and announces the process. Also in a child of fork. Nothing where no file is named. */
void report_announce(void);

/* Appends any record to the file; its head's magic, version and pid are filled in. False when there is no such file, or
 * it can't be written. */
bool report_append(struct fh_record_head *head);

/* Sees to it that the reader can make names of the addresses known so far. */
void report_mappings(void);

/* Fills a stack with the frames stored under `id`. */
void report_fill_stack(struct fh_report_stack *stack, stack_id id, uint32_t thread);

/* A hash over several pieces (Fowler, Noll, Vo), to begin with HASH_START. */
#define HASH_START 0xcbf29ce484222325u
ALWAYS_INLINE uint64_t hash_add(uint64_t hash, const void *bytes, size_t length) {
  for (size_t i = 0; i < length; i++)
    hash = (hash ^ ((const unsigned char *)bytes)[i]) * 0x100000001b3u;
  return hash;
}

#endif
