/*
 * accounts.h: what a running heap shows of itself, and how to read it.
 *
 * This is the one thing the runtime and the tool share. The runtime keeps `fh_accounts_root`, an exported data symbol
 * of libfreehold.so, and one span record for each piece of the heap; nobody has to ask it for anything. A reader,
 * in the process or outside of it (process_vm_readv), walks the slice table and adds up. Reading does not stop the
 * program: figures that are taken while it runs may be a few calls apart from each other.
 *
 * Equations that the totals keep (tests/ checks them against what a program knows it holds):
 *   class:  allocated_calls - freed_calls = live_objects
 *   heap_bytes = live_bytes + held_back_bytes
 *   held_back_bytes = free_slot_bytes + tail_bytes + free_slice_bytes
 */
#ifndef FREEHOLD_RECORD_ACCOUNTS_H
#define FREEHOLD_RECORD_ACCOUNTS_H

#include <stddef.h>
#include <stdint.h>

#define FH_ACCOUNTS_MAGIC   0x73746363415f4846ull /* "FH_Accts" in memory order */
#define FH_ACCOUNTS_VERSION 1u
#define FH_ACCOUNTS_CLASSES 64u
#define FH_ACCOUNTS_SYMBOL  "fh_accounts_root"

enum fh_span_kind {
  FH_SPAN_NONE = 0,  /* a stretch nobody holds */
  FH_SPAN_SMALL = 1, /* equal slots */
  FH_SPAN_LARGE = 2, /* one object over one or more slices */
  FH_SPAN_FREE = 3,  /* a run of free slices */
};

/* The head of a span's descriptor; the free bitmap follows. Owner: the thread heap the span belongs to; fields are
 * written by it, or under the slice lock; readers outside see values that may be one call old. What every free looks at
 * comes last, in one cache line with the bitmap's first words. */
struct fh_span_record {
  uint64_t owner;         /* thread pointer of the owning thread, 0 when none may use the unlocked paths */
  uint64_t freed_calls;   /* frees, but for those since the countdown was set, in the remote bits and in `cached` */
  uint32_t slices;        /* length in slices */
  uint16_t capacity;      /* slots */
  uint8_t words;          /* 64-bit words in each bitmap */
  uint8_t kind;           /* enum fh_span_kind */
  uint16_t remote_offset; /* of the remote bitmap from this record */
  uint8_t class_index;
  uint8_t touched_words; /* the runtime's own */
  uint32_t cached;       /* FH_CACHED_SLOTS: slots in some thread's cache, free; above: how many frees went there */
  uint64_t object_bytes; /* slot size, or size of the one large object */
  uint32_t countdown_start; /* what the countdown was set to */
  uint32_t own[21];         /* the runtime's own */
  uint64_t start;           /* address of slot 0 */
  uint64_t inverse;         /* 2^64 / (64 * slot size), rounded up; 0 for what is not a small span */
  uint64_t exact_bound;     /* what (address - start) * inverse leaves is below it for a slot's exact start */
  uint32_t countdown;       /* owner's frees until its next slow path */
  uint32_t slot_bytes;      /* object_bytes of a small span */
};
#define FH_SPAN_FREE_BITS    160u
#define FH_CACHED_SLOTS      0xffffu
#define FH_CACHED_FREE_SHIFT 16u

struct fh_accounts_root {
  uint64_t magic;
  uint32_t version;
  uint32_t root_bytes; /* sizeof(struct fh_accounts_root) */
  uint64_t base;       /* address of slice 0; 0 before the first allocation */
  uint64_t slice_bytes;
  uint64_t slice_limit; /* slices ever handed out: table entries below it are valid */
  uint64_t table;       /* address of the array of span record addresses, one a slice */
  uint64_t page_bytes;
  uint64_t reserved_bytes;
  uint64_t limit_bytes; /* 0: none */
  uint64_t heap_bytes;  /* slices in use, and free ones whose pages have not gone back */
  uint64_t peak_heap_bytes;
  uint64_t metadata_bytes;
  uint64_t free_slice_bytes;
  uint64_t purge_calls; /* system calls that gave memory back */
  uint64_t purged_bytes;
  uint64_t large_freed_calls;
  uint64_t thread_heaps;        /* in use now */
  uint64_t started_nanoseconds; /* CLOCK_MONOTONIC at the first allocation */
  uint32_t class_count;
  uint32_t class_bytes[FH_ACCOUNTS_CLASSES];
  uint64_t class_freed_calls[FH_ACCOUNTS_CLASSES]; /* of spans that have been given back */
  /* Written from outside, by whoever looks after several programs: not 0 while memory is short. What is free then goes
   * back to the system at once, instead of waiting for its next use. */
  uint64_t pressure;
};

/* Of a checked program: the stretch where objects stand on guarded pages. A data symbol of libfreehold-check.so, fixed
 * once `bytes` is not 0. */
struct fh_guard_root {
  uint64_t magic;
  uint64_t start, bytes;
};
#define FH_GUARD_MAGIC  0x6472617547484646ull /* "FFHGuard" in memory order */
#define FH_GUARD_SYMBOL "fh_guard_root"

/* ---- What a reader makes of it. ---- */

struct fh_class_accounts {
  uint64_t object_bytes;
  uint64_t spans;
  uint64_t live_objects;
  uint64_t free_slots;
  uint64_t allocated_calls;
  uint64_t freed_calls;
};

struct fh_accounts {
  uint64_t pid;
  uint64_t heap_bytes, live_bytes, held_back_bytes;
  uint64_t free_slot_bytes, tail_bytes, free_slice_bytes;
  uint64_t peak_heap_bytes, metadata_bytes, reserved_bytes, limit_bytes;
  uint64_t rss_bytes, peak_rss_bytes; /* of the whole process, from the kernel; 0 when not asked */
  uint64_t allocated_calls, freed_calls, live_objects;
  uint64_t purge_calls, purged_bytes;
  uint64_t thread_heaps;
  uint64_t slices;
  uint64_t page_bytes;
  uint32_t class_count;
  struct fh_class_accounts classes[FH_ACCOUNTS_CLASSES];
  struct fh_class_accounts large; /* object_bytes: sum over the live large objects */
};

/* Copies `bytes` bytes at `address` in the program that is read. 0, or -1 when they can't be read. */
typedef int (*fh_read_memory)(void *context, uint64_t address, void *to, size_t bytes);
/* Takes `bytes` bytes of output. */
typedef void (*fh_write_text)(void *context, const char *text, size_t bytes);

/* Walks the heap whose root is at `root_address` and fills *out (but for pid and the RSS figures). Allocates
 * nothing. 0, -1 when memory could not be read, -2 when the root is not one of this version. */
int fh_accounts_collect(fh_read_memory read, void *context, uint64_t root_address, struct fh_accounts *out);

/* A span as a reader sees it. */
struct fh_span_view {
  uint64_t record;      /* address of its description */
  uint64_t first_slice; /* counted from the root's base */
  uint64_t slices;
  enum fh_span_kind kind;
  uint32_t class_index; /* of a small span */
  uint64_t object_bytes, live_objects, free_slots, tail_bytes, freed_calls;
};
typedef void (*fh_visit_span)(void *context, const struct fh_span_view *span);

/* The same, and calls `visit` (or NULL) for each span and free run, lowest first. */
int fh_accounts_visit(fh_read_memory read, void *context, uint64_t root_address, struct fh_accounts *out,
                      fh_visit_span visit, void *visit_context);

/* The steps of that, for a reader that looks at some spans only. Results as above. */
int fh_accounts_read_root(fh_read_memory read, void *context, uint64_t root_address, struct fh_accounts_root *out);
int fh_accounts_read_span(fh_read_memory read, void *context, const struct fh_accounts_root *root, uint64_t address,
                          struct fh_span_view *out);
void fh_accounts_take_root(struct fh_accounts *out, const struct fh_accounts_root *root);
void fh_accounts_add_span(struct fh_accounts *out, const struct fh_span_view *span);
void fh_accounts_add_up(struct fh_accounts *out);

/* The one list of totals, and that of what is kept for each size class: all forms of output are made from them. */
struct fh_accounts_field {
  const char *name;
  const char *label; /* for people; NULL: left out of the text */
  size_t offset;     /* of a uint64_t, in struct fh_accounts or struct fh_class_accounts */
  enum fh_accounts_unit { FH_UNIT_NONE, FH_UNIT_BYTES } unit;
  enum fh_accounts_trend { FH_TREND_ANY, FH_TREND_UP } trend; /* UP: it only grows, as long as the process lives */
};
#define FH_ACCOUNTS_TOTALS  20u
#define FH_ACCOUNTS_COLUMNS 6u
extern const struct fh_accounts_field fh_accounts_totals[FH_ACCOUNTS_TOTALS];
extern const struct fh_accounts_field fh_accounts_columns[FH_ACCOUNTS_COLUMNS];
uint64_t fh_accounts_value(const struct fh_accounts_field *field, const void *record);
/* Whether a size class has ever been used: lists for people and for Prometheus leave out the others. */
int fh_accounts_class_used(const struct fh_class_accounts *of_class);

/* Writes the accounts as text for people or as one JSON object (schema: share/schemas/accounts-1.schema.json). */
void fh_accounts_write_text(const struct fh_accounts *accounts, fh_write_text write, void *context);
void fh_accounts_write_json(const struct fh_accounts *accounts, fh_write_text write, void *context);

#endif
