/*
 * Slots on guarded pages: where objects stand, what faults and what doesn't, what becomes of the address after a free; with
 * guard regions and with mprotect; on a kernel that fails on order; under a limit that makes addresses be used again.
 */
#include "../api/expect.h"

#include "base/options.h"
#include "guard/guard.h"
#include "record/report.h"
#include "space/kernel.h"
#include "space/space.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static __thread sigjmp_buf fault_return;

static void on_fault(int number) {
  (void)number;
  siglongjmp(fault_return, 1);
}

static bool can_touch(uintptr_t address) {
  if (sigsetjmp(fault_return, 1) != 0)
    return false;
  *(volatile char *)address = *(volatile char *)address;
  return true;
}

static const size_t sizes[] = {1, 7, 16, 100, 4095, 4096, 4097, 60000, 1 << 20, (4 << 20) - 4096, 4 << 20, 9000001};
static const size_t alignments[] = {16, 64, 4096, 65536, 1 << 20, 8 << 20};

static void set_live(struct object_record *record) {
  __atomic_store_n(&record->state, FH_OBJECT_LIVE, __ATOMIC_RELEASE);
}

static void expect_slot(size_t bytes, size_t alignment) {
  struct object_record *record = guard_take(bytes, alignment);
  EXPECT(record != NULL);
  set_live(record);
  uintptr_t start = record->start, end = start + bytes;
  EXPECT_ALIGNED(start, alignment);
  EXPECT_EQUAL(record->bytes, bytes);
  for (size_t at = 0; at < bytes; at += bytes / 7 + 1)
    EXPECT_EQUAL(((char *)start)[at], 0);
  memset((char *)start, 0x5a, bytes);
  /* The end is at the guard but for the alignment. */
  uintptr_t guard = align_up(end, 4096);
  if (alignment <= 4096)
    EXPECT(guard - end < alignment && !can_touch(guard) && guard_find(guard) == record);
  EXPECT(!can_touch(align_down(start, 4096) - 1));
  EXPECT(guard_find(start) == record && guard_find(end - 1) == record);
  guard_give(record);
  EXPECT(!can_touch(start) && !can_touch(end - 1));
  EXPECT(guard_find(start) == record);
}

static void expect_placement(void) {
  for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++)
    for (size_t j = 0; j < ARRAY_LENGTH(alignments); j++)
      expect_slot(sizes[i], alignments[j]);
  struct object_record *none = guard_take(0, 16);
  EXPECT(none != NULL && !can_touch(none->start) && guard_find(none->start) == none);
  guard_give(none);
  EXPECT(guard_take(SIZE_MAX / 2, 16) == NULL && guard_take(16, (size_t)1 << 62) == NULL);
  EXPECT_EQUAL(guard_live_bytes(), 0);
  EXPECT(guard_peak_bytes() >= 9000001);
}

static void expect_opening(void) {
  struct object_record *record = guard_take(100, 16);
  set_live(record);
  uintptr_t start = record->start, guard = align_up(start + 100, 4096);
  memset((char *)start, 1, 100);
  EXPECT(guard_close_pages(record) && !can_touch(start));
  EXPECT(guard_open_pages(record) && can_touch(start));
  EXPECT_EQUAL(((char *)start)[99], 1);
  EXPECT(!can_touch(guard) && guard_open(guard, 8) && can_touch(guard));
  record->state = FH_OBJECT_FREED;
  guard_give(record);
  EXPECT(!can_touch(start) && guard_open(start, 4) && can_touch(start));
  struct object_record *first = guard_take(10, 16), *second = guard_take(10, 16);
  EXPECT(guard_find_before(second->start) == first);
}

/* Four threads that fill what they take, and look at it before they give it back. */
static void *churn(void *seed) {
  unsigned state = (unsigned)(uintptr_t)seed;
  struct object_record *held[32] = {NULL};
  for (int i = 0; i < 4000; i++) {
    struct object_record **at = &held[(state = state * 1103515245 + 12345) / 65536 % 32];
    if (*at != NULL) {
      unsigned char *bytes = (unsigned char *)(*at)->start;
      EXPECT(bytes[0] == (unsigned char)(*at)->bytes && bytes[(*at)->bytes - 1] == (unsigned char)(*at)->bytes);
      (*at)->state = FH_OBJECT_FREED;
      guard_give(*at);
    }
    *at = guard_take(1 + state / 65536 % 9000, 16);
    EXPECT(*at != NULL);
    set_live(*at);
    memset((char *)(*at)->start, (int)(*at)->bytes, (*at)->bytes);
  }
  for (int i = 0; i < 32; i++)
    if (held[i] != NULL)
      guard_give(held[i]);
  return NULL;
}

static void expect_threads(void) {
  pthread_t threads[4];
  for (uintptr_t i = 0; i < 4; i++)
    EXPECT_EQUAL(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
  for (int i = 0; i < 4; i++)
    pthread_join(threads[i], NULL);
  EXPECT_EQUAL(guard_live_bytes(), 0);
}

/* Under a limit the stretch is small, and its addresses come round. */
static void expect_reuse(void) {
  EXPECT(guard_bytes <= (size_t)256 << 20);
  uintptr_t first = 0;
  bool again = false;
  for (int i = 0; i < 200000 && !again; i++) {
    struct object_record *record = guard_take(32, 16);
    EXPECT(record != NULL);
    if (first == 0)
      first = record->start;
    else
      again = record->start == first;
    record->allocated = (stack_id)i + 1;
    set_live(record);
    EXPECT_EQUAL(*(char *)record->start, 0);
    memset((char *)record->start, 0x77, 32);
    if (again)
      EXPECT(record->earlier_allocated == 1 && record->earlier_freed == 7);
    record->state = FH_OBJECT_FREED;
    record->freed = 7;
    guard_give(record);
  }
  EXPECT(again);
}

/* ---- A kernel that fails. ---- */

static struct kernel well;
static unsigned calls, fail_at;

static bool fails(void) {
  return ++calls == fail_at;
}
static int sick_commit(uintptr_t address, size_t bytes) {
  return fails() ? -ENOMEM : well.commit(address, bytes);
}
static int sick_guard(uintptr_t address, size_t bytes) {
  return fails() ? -ENOMEM : well.guard(address, bytes);
}
static int sick_unguard(uintptr_t address, size_t bytes) {
  return fails() ? -ENOMEM : well.unguard(address, bytes);
}
static int sick_protect(uintptr_t address, size_t bytes, bool open) {
  return fails() ? -ENOMEM : well.protect(address, bytes, open);
}

static void expect_failures(void) {
  well = kernel;
  kernel.commit = sick_commit;
  kernel.guard = sick_guard;
  kernel.unguard = sick_unguard;
  kernel.protect = sick_protect;
  unsigned refused = 0;
  for (fail_at = 1; fail_at < 60; fail_at++) {
    calls = 0;
    for (int i = 0; i < 6; i++) {
      struct object_record *record = guard_take((size_t)1 << (4 + 3 * i), 16);
      if (record == NULL) {
        refused++;
        continue;
      }
      memset((char *)record->start, 1, record->bytes);
      uintptr_t start = record->start;
      guard_give(record);
      EXPECT(!can_touch(start));
    }
  }
  kernel = well;
  EXPECT(refused > 0);
  EXPECT_EQUAL(guard_live_bytes(), 0);
}

static void run_child(bool regions, size_t address_limit, void (*test)(void)) {
  pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    if (address_limit != 0) {
      struct rlimit limit = {address_limit, address_limit};
      EXPECT_EQUAL(setrlimit(RLIMIT_AS, &limit), 0);
    }
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    options.guard_regions = regions;
    EXPECT(guard_start());
    test();
    exit(0);
  }
  int status;
  EXPECT_EQUAL(waitpid(child, &status, 0), child);
  EXPECT_EQUAL(status, 0);
}

int main(void) {
  for (int regions = 0; regions <= 1; regions++) {
    run_child(regions, 0, expect_placement);
    run_child(regions, 0, expect_opening);
    run_child(regions, 0, expect_threads);
    run_child(regions, (size_t)2 << 30, expect_reuse);
    run_child(regions, 0, expect_failures);
  }
  return 0;
}
