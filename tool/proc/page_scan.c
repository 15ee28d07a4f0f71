#include "tool/proc/page_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tool/proc/pagemap_interface.h"

/* What /proc/PID/pagemap says of a page, and the flags of /proc/kpageflags (the kernel's
 * Documentation/admin-guide/mm/pagemap.rst). */
#define PAGEMAP_FRAME     (((uint64_t)1 << 55) - 1)
#define PAGEMAP_EXCLUSIVE ((uint64_t)1 << 56)
enum {
  FRAME_DIRTY = 1 << 4,
  FRAME_ANONYMOUS = 1 << 12,
  FRAME_SWAP_BACKED = 1 << 14,
  FRAME_HUGE_POOL = 1 << 17,
};
/* Frames that lie so near to each other are read in one call, with those between them. */
enum { FRAME_GAP = 16, FRAME_WINDOW = 512, RUN_COUNT = 512 };

struct page {
  uint64_t address, frame, flags, mapped_by;
};

struct page_scan {
  int pagemap, counts, flags;
  uint64_t page_bytes, huge_bytes;
  uint64_t categories; /* that are asked for; PAGEMAP_GUARD only where the kernel knows it */
  uint64_t calls, longest_nanoseconds;
  struct pagemap_region regions[RUN_COUNT];
  uint64_t entries[PAGE_SCAN_PIECE_PAGES];
  struct page pages[PAGE_SCAN_PIECE_PAGES];
  struct page *by_frame[PAGE_SCAN_PIECE_PAGES];
};

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void note_call(struct page_scan *scan, uint64_t started) {
  uint64_t took = now() - started;
  scan->calls++;
  if (took > scan->longest_nanoseconds)
    scan->longest_nanoseconds = took;
}

/* Frame numbers read as 0 without CAP_SYS_ADMIN: tried on a page of our own that is there. */
static bool frames_are_shown(uint64_t page_bytes) {
  int own = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (own < 0)
    return false;
  volatile char here = 1;
  uint64_t entry = 0;
  bool shown = pread(own, &entry, sizeof entry, (off_t)((uintptr_t)&here / page_bytes * sizeof entry)) ==
                   (ssize_t)sizeof entry &&
               (entry & PAGEMAP_FRAME) != 0;
  close(own);
  return shown;
}

static int scan_once(struct page_scan *scan, uint64_t start, uint64_t end, uint64_t *walked, int *count) {
  struct pagemap_request request = {
      .size = sizeof request,
      .start = start,
      .end = end,
      .regions = (uintptr_t)scan->regions,
      .region_count = RUN_COUNT,
      .max_pages = PAGE_SCAN_PIECE_PAGES,
      .category_anyof_mask = scan->categories & (PAGEMAP_PRESENT | PAGEMAP_SWAPPED | PAGEMAP_GUARD),
      .return_mask = scan->categories,
  };
  uint64_t started = now();
  *count = ioctl(scan->pagemap, PAGEMAP_SCAN_IOCTL, &request);
  int error = *count < 0 ? errno : 0;
  note_call(scan, started);
  *walked = request.walk_end;
  return error;
}

struct page_scan *page_scan_open(pid_t pid, int *error) {
  struct page_scan *scan = calloc(1, sizeof *scan);
  if (scan == NULL) {
    *error = ENOMEM;
    return NULL;
  }
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/pagemap", (long)pid);
  scan->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
  scan->huge_bytes = scan->page_bytes * (scan->page_bytes / sizeof(uint64_t)); /* what one page of a table maps */
  scan->categories = PAGEMAP_FILE | PAGEMAP_PRESENT | PAGEMAP_SWAPPED | PAGEMAP_ZERO | PAGEMAP_HUGE | PAGEMAP_GUARD;
  scan->counts = open("/proc/kpagecount", O_RDONLY | O_CLOEXEC);
  scan->flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
  scan->pagemap = open(path, O_RDONLY | O_CLOEXEC);
  *error = 0;
  if (scan->pagemap < 0) {
    *error = errno == ENOENT ? ESRCH : errno;
  } else if (scan->counts < 0 || scan->flags < 0 || !frames_are_shown(scan->page_bytes)) {
    *error = ENOTSUP;
  } else {
    uint64_t walked;
    int count;
    int refused = scan_once(scan, 0, scan->page_bytes, &walked, &count);
    if (refused == EINVAL) { /* Linux before 6.15 has no such category */
      scan->categories &= ~(uint64_t)PAGEMAP_GUARD;
      refused = scan_once(scan, 0, scan->page_bytes, &walked, &count);
    }
    if (refused != 0)
      *error = refused == ESRCH ? ESRCH : ENOTSUP;
  }
  if (*error == 0)
    return scan;
  page_scan_close(scan);
  return NULL;
}

void page_scan_close(struct page_scan *scan) {
  const int descriptors[] = {scan->pagemap, scan->counts, scan->flags};
  for (size_t i = 0; i < sizeof descriptors / sizeof descriptors[0]; i++)
    if (descriptors[i] >= 0)
      close(descriptors[i]);
  free(scan);
}

void page_scan_cost(const struct page_scan *scan, uint64_t *calls, uint64_t *longest_nanoseconds) {
  *calls = scan->calls;
  *longest_nanoseconds = scan->longest_nanoseconds;
}

static int compare_frames(const void *one, const void *other) {
  uint64_t first = (*(struct page *const *)one)->frame, second = (*(struct page *const *)other)->frame;
  return (first > second) - (first < second);
}

/* Memory that was touched in order often has its frames in order, or in reverse. */
static void sort_by_frame(struct page **pages, size_t count) {
  size_t rising = 0, falling = 0;
  for (size_t i = 1; i < count; i++) {
    rising += pages[i]->frame > pages[i - 1]->frame;
    falling += pages[i]->frame < pages[i - 1]->frame;
  }
  if (count < 2 || rising == count - 1)
    return;
  if (falling == count - 1) {
    for (size_t i = 0; i < count / 2; i++) {
      struct page *kept = pages[i];
      pages[i] = pages[count - 1 - i];
      pages[count - 1 - i] = kept;
    }
    return;
  }
  qsort(pages, count, sizeof pages[0], compare_frames);
}

/* Fills `value` (an offset in struct page) of each from the table of frames. What can't be read stays 0. */
static void read_frames(int table, struct page **pages, size_t count, size_t value) {
  uint64_t window[FRAME_WINDOW];
  for (size_t first = 0; first < count;) {
    uint64_t base = pages[first]->frame;
    size_t end = first + 1;
    while (end < count && pages[end]->frame - pages[end - 1]->frame <= FRAME_GAP &&
           pages[end]->frame - base < FRAME_WINDOW)
      end++;
    size_t bytes = (size_t)(pages[end - 1]->frame - base + 1) * sizeof window[0];
    ssize_t got = pread(table, window, bytes, (off_t)(base * sizeof window[0]));
    for (; first < end; first++) {
      size_t at = (size_t)(pages[first]->frame - base);
      if (got >= (ssize_t)((at + 1) * sizeof window[0]))
        memcpy((char *)pages[first] + value, &window[at], sizeof window[at]);
    }
  }
}

/* Calls `found` for pages side by side that are alike, as one run. */
struct emitter {
  page_scan_found found;
  void *context;
  struct page_run run;
};

static bool alike(const struct page_run *one, const struct page_run *other) {
  return one->end == other->start && one->mapped_by == other->mapped_by && one->swapped == other->swapped &&
         one->huge == other->huge && one->lazily_freed == other->lazily_freed && one->huge_pool == other->huge_pool &&
         one->guard == other->guard;
}

static void emit(struct emitter *emitter, const struct page_run *run) {
  if (emitter->run.end != 0 && alike(&emitter->run, run)) {
    emitter->run.end = run->end;
    return;
  }
  if (emitter->run.end != 0)
    emitter->found(emitter->context, &emitter->run);
  emitter->run = *run;
}

static void finish(struct emitter *emitter) {
  if (emitter->run.end != 0)
    emitter->found(emitter->context, &emitter->run);
  emitter->run.end = 0;
}

/* The pages of a region, one for each step, with their frames; those that are of a device, or have gone meanwhile,
 * keep mapped_by 0. */
static int read_pages(struct page_scan *scan, const struct pagemap_region *region, uint64_t step, size_t *count) {
  bool is_file = (region->categories & PAGEMAP_FILE) != 0, is_huge = (region->categories & PAGEMAP_HUGE) != 0;
  struct page **ask_flags = scan->by_frame;
  size_t flag_count = 0;
  *count = 0;
  for (uint64_t at = region->start; at < region->end && *count < PAGE_SCAN_PIECE_PAGES;) {
    uint64_t next = step == scan->page_bytes ? at + step : (at / step + 1) * step;
    size_t wanted = step == scan->page_bytes ? (size_t)((region->end - at) / step) : 1;
    if (wanted > PAGE_SCAN_PIECE_PAGES - *count)
      wanted = PAGE_SCAN_PIECE_PAGES - *count;
    uint64_t started = now();
    ssize_t got = pread(scan->pagemap, scan->entries, wanted * sizeof scan->entries[0],
                        (off_t)(at / scan->page_bytes * sizeof scan->entries[0]));
    note_call(scan, started);
    if (got < 0)
      return errno;
    size_t entries = (size_t)got / sizeof scan->entries[0];
    if (entries == 0)
      return ESRCH;
    for (size_t i = 0; i < entries; i++) {
      uint64_t entry = scan->entries[i];
      struct page *page = &scan->pages[(*count)++];
      *page = (struct page){.address = at + i * scan->page_bytes, .frame = entry & PAGEMAP_FRAME};
      page->mapped_by = (entry & PAGEMAP_EXCLUSIVE) != 0;
      if (page->frame != 0 && (!is_file || is_huge || page->mapped_by == 0))
        ask_flags[flag_count++] = page;
    }
    at = step == scan->page_bytes ? at + entries * step : next;
  }
  sort_by_frame(ask_flags, flag_count);
  if (!is_file || is_huge)
    read_frames(scan->flags, ask_flags, flag_count, offsetof(struct page, flags));
  size_t shared = 0;
  for (size_t i = 0; i < flag_count; i++)
    if (ask_flags[i]->mapped_by == 0)
      ask_flags[shared++] = ask_flags[i];
  read_frames(scan->counts, ask_flags, shared, offsetof(struct page, mapped_by));
  for (size_t i = 0; i < shared; i++) /* in 0 cases it is unmapped just now: we saw it mapped once */
    if (ask_flags[i]->mapped_by == 0)
      ask_flags[i]->mapped_by = 1;
  for (size_t i = 0; i < *count; i++)
    if (scan->pages[i].frame == 0 || (!is_file && (scan->pages[i].flags & (FRAME_ANONYMOUS | FRAME_HUGE_POOL)) == 0))
      scan->pages[i].mapped_by = 0; /* a device's: the kernel counts only pages of its own memory */
  return 0;
}

static int add_present(struct page_scan *scan, const struct pagemap_region *region, struct emitter *emitter) {
  bool is_huge = (region->categories & PAGEMAP_HUGE) != 0;
  uint64_t step = is_huge ? scan->huge_bytes : scan->page_bytes;
  size_t count;
  int error = read_pages(scan, region, step, &count);
  for (size_t i = 0; i < count && error == 0; i++) {
    const struct page *page = &scan->pages[i];
    struct page_run run = {.start = page->address, .mapped_by = (uint32_t)page->mapped_by};
    run.end = i + 1 < count ? scan->pages[i + 1].address : is_huge ? region->end : run.start + scan->page_bytes;
    run.huge_pool = (page->flags & FRAME_HUGE_POOL) != 0;
    run.huge = is_huge && !run.huge_pool;
    run.lazily_freed = (page->flags & FRAME_ANONYMOUS) != 0 &&
                       (page->flags & (FRAME_SWAP_BACKED | FRAME_DIRTY | FRAME_HUGE_POOL)) == 0;
    if (run.mapped_by != 0)
      emit(emitter, &run);
  }
  return error;
}

int page_scan_range(struct page_scan *scan, uint64_t start, uint64_t end, page_scan_found found, void *context) {
  struct emitter emitter = {.found = found, .context = context};
  int error = 0;
  while (start < end && error == 0) {
    uint64_t walked;
    int count;
    error = scan_once(scan, start, end, &walked, &count);
    for (int i = 0; i < count && error == 0; i++) {
      const struct pagemap_region *region = &scan->regions[i];
      struct page_run run = {.start = region->start, .end = region->end};
      if ((region->categories & PAGEMAP_GUARD) != 0)
        run.guard = 1, emit(&emitter, &run);
      else if ((region->categories & PAGEMAP_SWAPPED) != 0)
        run.swapped = 1, emit(&emitter, &run);
      else if ((region->categories & PAGEMAP_PRESENT) != 0 && (region->categories & PAGEMAP_ZERO) == 0)
        error = add_present(scan, region, &emitter);
    }
    if (walked <= start)
      break;
    start = walked;
  }
  finish(&emitter);
  return error;
}
