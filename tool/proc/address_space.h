/*
 * address_space.h: the whole address space of a process: what is mapped where and for what, and how much of it is
 * there.
 *
 * There are three depths, and the first costs the process nothing that can be noticed:
 *
 *   counters   maps, status and the heap's own accounts. No page table is walked: what is resident is known for
 *              the process and not for each region.
 *   pages      the page tables, piece by piece (page_scan.h); needs root, Linux 6.7
 *   smaps      what the kernel adds up itself, with its lock held for one mapping at a time; else
 *
 * Nothing stops the process, which may change while it is read. Functions give 0 or an errno: ESRCH when the
 * process is gone, EACCES or EPERM when the kernel does not let this user look, ENOMEM. They may be called from
 * several threads for different results.
 */
#ifndef FREEHOLD_PROC_ADDRESS_SPACE_H
#define FREEHOLD_PROC_ADDRESS_SPACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tool/proc/heap_view.h"
#include "tool/proc/memory_counters.h"
#include "tool/proc/page_counts.h"

enum address_kind {
#define ADDRESS_KIND(symbol, name, label, letter, colour, page_colour) ADDRESS_##symbol,
#include "tool/proc/address_kinds.def"
#undef ADDRESS_KIND
  ADDRESS_KIND_COUNT
};

struct address_kind_facts {
  const char *name, *label;
  char letter;
  int colour;
  const char *page_colour;
};
extern const struct address_kind_facts address_kinds[ADDRESS_KIND_COUNT];

/* A mapping, or the part of one that serves one purpose. */
struct address_region {
  uint64_t start, end, file_offset, inode;
  char permissions[5]; /* "rw-p" */
  enum address_kind kind;
  char *name;           /* the file, or the kernel's name ("[stack]", "[anon:...]"); "" for none */
  pid_t thread;         /* of a stack, when it is known whose; else 0 */
  char thread_name[16]; /* "" when not known */
  struct page_counts pages;
};

enum address_depth { ADDRESS_DEPTH_COUNTERS, ADDRESS_DEPTH_PAGES, ADDRESS_DEPTH_SMAPS };

/* What looking took. */
struct address_cost {
  uint64_t nanoseconds;              /* from the first call to the last */
  uint64_t processor_nanoseconds;    /* of this process, user and system */
  uint64_t calls;                    /* that read page tables */
  uint64_t longest_call_nanoseconds; /* the longest of them: for so long at most another could wait for the lock */
};

struct address_space {
  pid_t pid, parent;
  char command[64];   /* its short name */
  char *command_line; /* words separated by blanks; "" for a kernel thread */
  uint64_t taken_at;  /* seconds since 1970 */
  enum address_depth depth;
  struct memory_counters counters;
  struct address_region *regions; /* by address, without overlaps */
  size_t region_count;
  struct page_counts kinds[ADDRESS_KIND_COUNT]; /* sums over the regions; beyond reserved_bytes all 0 in counters */
  struct page_counts total;
  bool has_heap;
  struct heap_view heap; /* when has_heap */
  struct address_cost cost;
};

struct address_request {
  bool deep; /* pages, or smaps where that can't be */
};

/* Fills *out, which address_space_destroy frees; after an error there is nothing to free. */
int address_space_read(pid_t pid, const struct address_request *request, struct address_space *out);
void address_space_destroy(struct address_space *space);

/* Adds `from`'s counts, kinds and counters to those of `to`: for the sum of a tree. */
void address_space_add(struct address_space *to, const struct address_space *from);

#endif
