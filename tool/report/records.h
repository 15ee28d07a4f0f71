/*
 * records.h: reads the records that checked processes append to a file, also while they still write.
 *
 * The file may be cut short, or hold anything: what is no sound record is passed over up to the next one, and counted.
 */
#ifndef FREEHOLD_REPORT_RECORDS_H
#define FREEHOLD_REPORT_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/report.h"

struct record_reader {
  int descriptor; /* the caller's */
  uint64_t read;  /* of the file, up to the end of what is in `bytes` */
  char *bytes;    /* what was read and not yet given out, from `at` on */
  size_t at, length, room;
  uint64_t skipped;              /* bytes that were no record */
  uint64_t foreign;              /* records of another version of Freehold */
  struct fh_record_head *record; /* the last one given out, aligned */
};

/* Reads from `descriptor` from byte `start` on. */
struct record_reader record_reader_create(int descriptor, uint64_t start);
void record_reader_destroy(struct record_reader *reader);

/* The next whole record, valid until the next call; its `bytes` hold at least the struct of its type, and what the struct
 * announces. Types this version doesn't know come too. NULL when there is none yet. With `last` nobody writes any more:
 * what is left is no beginning of a record. */
const struct fh_record_head *record_reader_next(struct record_reader *reader, bool last);

#endif
