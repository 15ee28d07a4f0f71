/*
 * Which pages were written to: by the program, by the kernel for it, again and again; and a kernel that has no memory, and
 * descriptors that are gone.
 */
#include "../api/expect.h"
#include "space/kernel.h"
#include "space/written_pages.h"

#include <sys/mman.h>
#include <sys/wait.h>

enum { PAGES = 5000, RANGES = 8, SKIPPED = 77 };

static char *pages;
static size_t page_bytes;

static uintptr_t address_of(size_t page) {
  return (uintptr_t)pages + page * page_bytes;
}

/* How many pages are told, asked for a few ranges at a time, which come in order; -1 for a failure. */
static long count_written(bool again) {
  struct page_range ranges[RANGES];
  long count = 0;
  uintptr_t last = 0;
  for (uintptr_t at = address_of(0); at < address_of(PAGES);) {
    long found = written_pages_next(&at, address_of(PAGES), again, ranges, RANGES);
    if (found < 0)
      return -1;
    EXPECT(found <= RANGES);
    for (long i = 0; i < found; i++) {
      EXPECT(ranges[i].start >= last && ranges[i].end > ranges[i].start && ranges[i].end <= address_of(PAGES));
      last = ranges[i].end;
      count += (long)((ranges[i].end - ranges[i].start) / page_bytes);
    }
  }
  return count;
}

static intptr_t reserve_nothing(size_t bytes) {
  (void)bytes;
  return -ENOMEM;
}

static void test_no_memory(void) {
  struct kernel whole = kernel;
  kernel.reserve = reserve_nothing;
  EXPECT_EQUAL(written_pages_start(address_of(0), PAGES * page_bytes), -ENOMEM);
  EXPECT(!written_pages_started());
  kernel = whole;
}

static void test_writes(void) {
  EXPECT_EQUAL(count_written(false), PAGES); /* never looked at */
  EXPECT_EQUAL(written_pages_clear(address_of(0), address_of(PAGES)), 0);
  EXPECT_EQUAL(count_written(false), 0);
  for (size_t page = 0; page < PAGES; page += 7)
    pages[page * page_bytes + page % page_bytes] = 1;
  long written = (PAGES + 6) / 7;
  EXPECT_EQUAL(count_written(false), written);
  EXPECT_EQUAL(count_written(true), written);
  EXPECT_EQUAL(count_written(true), 0);
  int files[2];
  EXPECT(pipe(files) == 0 && write(files[1], "words", 5) == 5);
  EXPECT_EQUAL(read(files[0], pages + 33 * page_bytes, 5), 5);
  EXPECT_EQUAL(count_written(true), 1);
  /* What was given back and comes again is new. */
  EXPECT(madvise(pages, page_bytes, MADV_DONTNEED) == 0);
  pages[0] = 2;
  EXPECT(count_written(true) >= 1);
  EXPECT_EQUAL(count_written(true), 0);
}

static void test_child(void) {
  pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    written_pages_end();
    EXPECT(!written_pages_started());
    EXPECT_EQUAL(written_pages_start(address_of(0), PAGES * page_bytes), 0);
    pages[0] = 3;
    EXPECT(count_written(true) >= 1);
    EXPECT_EQUAL(count_written(true), 0);
    _exit(0);
  }
  int status;
  EXPECT(waitpid(child, &status, 0) == child && status == 0);
  EXPECT_EQUAL(count_written(false), 0); /* the child's are not ours */
}

static void test_closed(void) {
  for (int file = STDERR_FILENO + 1; file < 1024; file++)
    close(file);
  EXPECT_EQUAL(count_written(false), -1);
  EXPECT(written_pages_clear(address_of(0), address_of(PAGES)) < 0);
  written_pages_end();
  EXPECT_EQUAL(written_pages_start(address_of(0), PAGES * page_bytes), 0);
  EXPECT_EQUAL(count_written(false), PAGES);
}

int main(void) {
  page_bytes = kernel_page_bytes();
  pages = mmap(NULL, PAGES * page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(pages != MAP_FAILED);
  EXPECT(madvise(pages, PAGES * page_bytes, MADV_NOHUGEPAGE) == 0 || errno == EINVAL);
  memset(pages, 0, PAGES * page_bytes);
  test_no_memory();
  int result = written_pages_start(address_of(0), PAGES * page_bytes);
  if (result == -EPERM || result == -EINVAL || result == -ENOSYS) {
    printf("skipped: the kernel notes no writes: %s\n", strerror(-result));
    return SKIPPED;
  }
  EXPECT_EQUAL(result, 0);
  test_writes();
  test_child();
  test_closed();
  return 0;
}
