/* feature_memory.c: calls on mappings, tried on pages of our own. */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tool/proc/feature.h"
#include "tool/proc/pagemap_interface.h"

/* Names that older kernel headers lack; the numbers are the kernel's interface and never change. */
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA           0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif
#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif
#ifndef UFFD_FEATURE_WP_ASYNC
#define UFFD_FEATURE_WP_ASYNC (1 << 15)
#endif
#ifndef SYS_memfd_secret
#define SYS_memfd_secret 447
#endif

enum { PROBE_PAGES = 4 };

static size_t page_bytes(void) {
  return (size_t)sysconf(_SC_PAGESIZE);
}
static size_t probe_bytes(void) {
  return PROBE_PAGES * page_bytes();
}

static char *map_pages(void) {
  void *pages = mmap(NULL, probe_bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? NULL : pages;
}

static void unmap_pages(char *pages) {
  if (pages != NULL)
    munmap(pages, probe_bytes());
}

static bool explain(char *value, bool offered, int error) {
  if (!offered && error != 0)
    snprintf(value, FEATURE_VALUE_BYTES, "%s", strerror(error));
  return offered;
}

/* An old kernel takes the address as a hint and maps elsewhere instead of failing with EEXIST. */
bool probe_fixed_noreplace(char *value) {
  char *pages = map_pages();
  if (pages == NULL)
    return explain(value, false, errno);
  void *got = mmap(pages, page_bytes(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  bool offered = got == MAP_FAILED && errno == EEXIST;
  if (got != MAP_FAILED)
    munmap(got, page_bytes());
  unmap_pages(pages);
  return offered;
}

bool probe_remap_keeping(char *value) {
  char *from = map_pages(), *to = map_pages();
  bool offered = false;
  int error = ENOMEM;
  if (from != NULL && to != NULL) {
    from[0] = 'x';
    void *got = mremap(from, page_bytes(), page_bytes(), MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to);
    error = got == MAP_FAILED ? errno : 0;
    offered = got == to && to[0] == 'x' && from[0] == 0;
  }
  unmap_pages(from);
  unmap_pages(to);
  return explain(value, offered, error);
}

bool probe_populate_write(char *value) {
  char *pages = map_pages();
  if (pages == NULL)
    return explain(value, false, errno);
  bool offered = madvise(pages, probe_bytes(), MADV_POPULATE_WRITE) == 0;
  int error = errno;
  unsigned char present[PROBE_PAGES] = {0};
  if (offered)
    offered = mincore(pages, probe_bytes(), present) == 0 && (present[PROBE_PAGES - 1] & 1) != 0;
  unmap_pages(pages);
  return explain(value, offered, error);
}

/* The kernel itself must be refused the page: write(2) from it gives EFAULT, where a touch would end us. */
static bool is_guarded(const char *page) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return false;
  bool guarded = write(ends[1], page, 1) < 0 && errno == EFAULT;
  close(ends[0]);
  close(ends[1]);
  return guarded;
}

bool probe_guard_install(char *value) {
  char *pages = map_pages();
  if (pages == NULL)
    return explain(value, false, errno);
  bool installed = madvise(pages + page_bytes(), page_bytes(), MADV_GUARD_INSTALL) == 0;
  int error = errno;
  bool offered = installed && is_guarded(pages + page_bytes()) && !is_guarded(pages);
  unmap_pages(pages);
  return explain(value, offered, installed ? 0 : error);
}

bool probe_mapping_names(char *value) {
  char *pages = map_pages();
  if (pages == NULL)
    return explain(value, false, errno);
  bool offered = prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, pages, probe_bytes(), "freehold:doctor") == 0;
  int error = errno;
  unmap_pages(pages);
  return explain(value, offered, error);
}

bool probe_write_protect_async(char *value) {
  int descriptor = (int)syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY);
  if (descriptor < 0)
    return explain(value, false, errno);
  struct uffdio_api request = {.api = UFFD_API, .features = UFFD_FEATURE_WP_ASYNC};
  bool offered = ioctl(descriptor, UFFDIO_API, &request) == 0 && (request.features & UFFD_FEATURE_WP_ASYNC) != 0;
  int error = errno;
  close(descriptor);
  return explain(value, offered, error);
}

bool probe_pagemap_scan(char *value) {
  int descriptor = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return explain(value, false, errno);
  char *pages = map_pages();
  bool offered = false;
  int error = ENOMEM;
  if (pages != NULL) {
    pages[page_bytes()] = 'x'; /* of four pages the second is present */
    struct pagemap_region regions[PROBE_PAGES];
    struct pagemap_request request = {
        .size = sizeof request,
        .start = (uintptr_t)pages,
        .end = (uintptr_t)pages + probe_bytes(),
        .regions = (uintptr_t)regions,
        .region_count = PROBE_PAGES,
        .category_mask = PAGEMAP_PRESENT,
        .return_mask = PAGEMAP_PRESENT,
    };
    int found = ioctl(descriptor, PAGEMAP_SCAN_IOCTL, &request);
    error = found < 0 ? errno : 0;
    offered = found == 1 && regions[0].start <= (uintptr_t)pages + page_bytes() &&
              regions[0].end > (uintptr_t)pages + page_bytes();
  }
  unmap_pages(pages);
  close(descriptor);
  return explain(value, offered, error);
}

/* What is written there must be there, and out of the kernel's own reach. */
bool probe_secret_memory(char *value) {
  int descriptor = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
  if (descriptor < 0)
    return explain(value, false, errno);
  bool offered = false;
  char *page = MAP_FAILED;
  if (ftruncate(descriptor, (off_t)page_bytes()) == 0)
    page = mmap(NULL, page_bytes(), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  int error = page == MAP_FAILED ? errno : 0;
  close(descriptor);
  if (page != MAP_FAILED) {
    page[0] = 'x';
    int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    char seen = 0;
    offered = page[0] == 'x' && (memory < 0 || pread(memory, &seen, 1, (off_t)(uintptr_t)page) != 1);
    if (memory >= 0)
      close(memory);
    munmap(page, page_bytes());
  }
  return explain(value, offered, error);
}

bool probe_lockable_memory(char *value) {
  struct rlimit limit;
  char *pages = map_pages();
  if (pages == NULL || getrlimit(RLIMIT_MEMLOCK, &limit) != 0)
    return explain(value, false, errno);
  bool offered = mlock(pages, page_bytes()) == 0;
  int error = errno;
  unmap_pages(pages);
  if (!offered)
    return explain(value, false, error);
  if (limit.rlim_cur == RLIM_INFINITY)
    snprintf(value, FEATURE_VALUE_BYTES, "unlimited");
  else
    snprintf(value, FEATURE_VALUE_BYTES, "%llu KiB, more with CAP_IPC_LOCK",
             (unsigned long long)limit.rlim_cur / 1024);
  return true;
}
