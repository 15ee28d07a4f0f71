/*
 * compare.h: the walk beside that of the compiler's own library, frame for frame.
 *
 * libgcc unwinds for exceptions, so that what it finds is what programs rely on.
 */
#ifndef FREEHOLD_TESTS_TRACE_COMPARE_H
#define FREEHOLD_TESTS_TRACE_COMPARE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

#define COMPARE_FRAMES 400

struct frame_list {
  size_t count;
  uintptr_t frames[COMPARE_FRAMES];
};

static inline _Unwind_Reason_Code frame_list_add(struct _Unwind_Context *context, void *list_pointer) {
  struct frame_list *list = (struct frame_list *)list_pointer;
  uintptr_t pc = (uintptr_t)_Unwind_GetIP(context);
  if (pc != 0 && list->count < COMPARE_FRAMES)
    list->frames[list->count++] = pc;
  return _URC_NO_REASON;
}

/* frames[0] is in the caller itself. */
static inline __attribute__((always_inline)) void frame_list_by_libgcc(struct frame_list *list) {
  list->count = 0;
  _Unwind_Backtrace(frame_list_add, list);
}

/* Ends the test when two lists differ. */
static inline void frame_lists_expect_equal(const char *what, const uintptr_t *got, size_t got_count,
                                            const uintptr_t *wanted, size_t wanted_count) {
  bool equal = got_count == wanted_count && memcmp(got, wanted, got_count * sizeof *got) == 0;
  if (equal)
    return;
  fprintf(stderr, "%s: the frames differ (%zu, and %zu by libgcc)\n", what, got_count, wanted_count);
  for (size_t i = 0; i < got_count || i < wanted_count; i++)
    fprintf(stderr, "  %3zu  %14lx  %14lx\n", i, i < got_count ? (unsigned long)got[i] : 0,
            i < wanted_count ? (unsigned long)wanted[i] : 0);
  _Exit(1);
}

#ifdef __cplusplus
extern "C" {
#endif
/* Compares the walk from its caller outwards; `least` frames there must be. In walk_test.c. */
void observe(const char *what, size_t least);
void cases_cxx(void);
#ifdef __cplusplus
}
#endif

#endif
