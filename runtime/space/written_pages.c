#include "space/written_pages.h"
#include "base/print.h"
#include "base/syscall.h"
#include "space/kernel.h"
#include "space/pagemap_scan.h"
#include "space/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* Younger than the headers of the oldest system this builds on. */
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#define FEATURE_UNPOPULATED ((uint64_t)1 << 13)
#define FEATURE_ASYNC       ((uint64_t)1 << 15)

#define PROTECT_FOUND  ((uint64_t)1 << 0)
#define FAIL_UNTRACKED ((uint64_t)1 << 1) /* -EPERM for a mapping in which the kernel notes nothing */

#define RANGES_AT_ONCE 64u
#define PAGES_AT_ONCE  1024u
/* So that no call holds the process's map of addresses for long. */
#define CLEAR_AT_ONCE (16 * MIB)

static int faults = -1, pagemap = -1;

/* A page that has no contents yet is never among those found. */
static long look(uintptr_t start, uintptr_t end, uint64_t category, uint64_t flags, struct pagemap_region *ranges,
                 size_t most, uintptr_t *reached) {
  struct pagemap_scan scan = {
      .bytes = sizeof scan,
      .flags = flags | FAIL_UNTRACKED,
      .start = start,
      .end = end,
      .regions = (uintptr_t)ranges,
      .region_count = most,
      .most_pages = most != 0 ? PAGES_AT_ONCE : 0,
      .required = category,
      .any_of = PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
      .returned = category,
  };
  long found = SYSCALL3(SYS_ioctl, pagemap, PAGEMAP_SCAN, &scan);
  *reached = scan.walk_end;
  return found;
}

static int register_range(uintptr_t start, size_t bytes) {
  struct uffdio_register request = {.range = {start, bytes}, .mode = UFFDIO_REGISTER_MODE_WP};
  return (int)SYSCALL3(SYS_ioctl, faults, UFFDIO_REGISTER, &request);
}

static long written_in(uintptr_t page, size_t page_bytes) {
  struct pagemap_region range;
  uintptr_t reached;
  return look(page, page + page_bytes, PAGE_WRITTEN, 0, &range, 1, &reached);
}

/* A page that is written to must be told, and one that was looked at must not. */
static int try_out(void) {
  size_t page_bytes = kernel_page_bytes();
  intptr_t page = kernel.reserve(page_bytes);
  if (page < 0 && page > -4096)
    return (int)page;
  int result = kernel.commit((uintptr_t)page, page_bytes);
  if (result == 0)
    result = register_range((uintptr_t)page, page_bytes);
  if (result == 0) {
    volatile char *byte = (volatile char *)page;
    *byte = 1;
    bool before = written_in((uintptr_t)page, page_bytes) == 1;
    result = written_pages_clear((uintptr_t)page, (uintptr_t)page + page_bytes);
    bool clean = written_in((uintptr_t)page, page_bytes) == 0;
    *byte = 2;
    bool after = written_in((uintptr_t)page, page_bytes) == 1;
    if (result == 0 && !(before && clean && after))
      result = -ENOTSUP;
  }
  kernel.release((uintptr_t)page, page_bytes);
  return result;
}

int written_pages_start(uintptr_t start, size_t bytes) {
  if (written_pages_started())
    return 0;
  long fd = SYSCALL1(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);
  faults = kernel_raise_descriptor(fd);
  int result = faults < 0 ? faults : 0;
  struct uffdio_api request = {.api = UFFD_API, .features = FEATURE_ASYNC | FEATURE_UNPOPULATED};
  if (result == 0)
    result = (int)SYSCALL3(SYS_ioctl, faults, UFFDIO_API, &request);
  if (result == 0)
    result = pagemap = kernel_raise_descriptor(process_open_pagemap());
  if (result >= 0)
    result = try_out();
  if (result == 0)
    result = register_range(start, bytes);
  if (result != 0)
    written_pages_end();
  return result;
}

bool written_pages_started(void) {
  return faults >= 0;
}

/* The program may have closed it, and opened something else under its number. */
static void close_own(int fd, const char *name) {
  if (fd < 0)
    return;
  struct text path;
  text_clear(&path);
  text_add(&path, "/proc/self/fd/");
  text_add_decimal(&path, (uint64_t)fd);
  text_add_bytes(&path, "", 1);
  char target[64];
  long length = process_read_link(path.bytes, target, sizeof target);
  size_t wanted = strlen(name);
  if (length >= (long)wanted && memcmp(target + length - wanted, name, wanted) == 0)
    kernel_close(fd);
}

void written_pages_end(void) {
  close_own(faults, "[userfaultfd]");
  close_own(pagemap, "/pagemap");
  faults = pagemap = -1;
}

static long next(uintptr_t *from, uintptr_t end, uint64_t category, uint64_t flags, struct page_range *ranges,
                 size_t most) {
  struct pagemap_region found[RANGES_AT_ONCE];
  if (*from >= end)
    return 0;
  uintptr_t reached = *from;
  long count = look(*from, end, category, flags, found, most < RANGES_AT_ONCE ? most : RANGES_AT_ONCE, &reached);
  if (count < 0)
    return count;
  for (long i = 0; i < count; i++)
    ranges[i] = (struct page_range){found[i].start, found[i].end};
  *from = reached > *from ? reached : end;
  return count;
}

long written_pages_next(uintptr_t *from, uintptr_t end, bool again, struct page_range *ranges, size_t most) {
  return next(from, end, PAGE_WRITTEN, again ? PROTECT_FOUND : 0, ranges, most);
}

long written_pages_filled(uintptr_t *from, uintptr_t end, struct page_range *ranges, size_t most) {
  return next(from, end, 0, 0, ranges, most);
}

int written_pages_clear(uintptr_t start, uintptr_t end) {
  while (start < end) {
    uintptr_t piece = end - start < CLEAR_AT_ONCE ? end : start + CLEAR_AT_ONCE, reached = start;
    long result = look(start, piece, PAGE_WRITTEN, PROTECT_FOUND, NULL, 0, &reached);
    if (result < 0)
      return (int)result;
    start = piece;
  }
  return 0;
}
