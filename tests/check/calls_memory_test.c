/* calls_memory_test.c: the wrappers of memory, and search and sort in it. */
#include "calls_test.h"

static int compare_bytes(const void *left, const void *right) {
  return *(const char *)left - *(const char *)right;
}
static int compare_bytes_with(const void *left, const void *right, void *argument) {
  (void)argument;
  return compare_bytes(left, right);
}

void test_memory(void) {
  char *to = fake_object(16), *from = bytes("0123456789abcdef"), local[32];
#define COPIES(name, arguments) SAME(name, arguments, CARRY(from, 16), WRITE(to, 16))
  COPIES(memcpy, (to, from, 16));
  EXPECT(memcmp(to, from, 16) == 0);
  COPIES(mempcpy, (to, from, 16));
  COPIES(__mempcpy, (to, from, 16));
  COPIES(memmove, (to, from, 16));
  COPIES(__memcpy_chk, (to, from, 16, 16));
  COPIES(__mempcpy_chk, (to, from, 16, 16));
  COPIES(__memmove_chk, (to, from, 16, 16));
  DOES(bcopy, (from, to, 16), CARRY(from, 16), WRITE(to, 16));
  DOES(swab, (from, to, 5), CARRY(from, 4), WRITE(to, 4));
  SAME(memccpy, (to, from, '3', 16), CARRY(from, 16), READ(from, 4), WRITE(to, 4));
  SAME(memcpy, (local, from, 16), CARRY(from, 16));
  SAME(memcpy, (local, "x", 2));
  SAME(memcpy, (to, to, 16), CARRY(to, 16), WRITE(to, 16));
  REFUSES(2, memcpy, (to, from, 17));
  REFUSES(1, memmove, (to + 1, local, 16));
  REFUSES(1, memcpy, (to, to + 4, 8)); /* overlaps */
  REFUSES(1, memcpy, (to + 7, to, 8));
  REFUSES(0, memcpy, (to + 8, to, 8));
  REFUSES(0, memmove, (to + 7, to, 8));

  SAME(memset, (to, 1, 16), WRITE(to, 16));
  SAME(__memset_chk, (to, 1, 16, 16), WRITE(to, 16));
  DOES(bzero, (to, 16), WRITE(to, 16));
  DOES(explicit_bzero, (to, 16), WRITE(to, 16));
  DOES(__explicit_bzero_chk, (to, 16, 16), WRITE(to, 16));
  EXPECT(all_bytes_are(to, 0, 16));
  REFUSES(1, memset, (to, 0, 17));

  char *left = bytes("abcdefgh"), *right = bytes("abcxefgh");
#define COMPARES(name) SAME(name, (left, right, 8), CARRY(left, 8), CARRY(right, 8), READ(left, 4), READ(right, 4))
  COMPARES(memcmp);
  COMPARES(bcmp);
  REFUSES(2, memcmp, (left, right, 9));

  /* A search reads up to what it finds, and may be promised more than there is behind that. */
  SAME(memchr, (left, 'c', 8), CARRY(left, 8), READ(left, 3));
  SAME(memchr, (left, 'c', SIZE_MAX / 2), CARRY(left, 8), READ(left, 3));
  SAME(memchr, (left, 'z', 8), CARRY(left, 8), READ(left, 8));
  SAME(rawmemchr, (left, 'd'), CARRY(left, 8), READ(left, 4));
  SAME(__rawmemchr, (left, 'd'), CARRY(left, 8), READ(left, 4));
  SAME(memrchr, (left, 'c', 8), CARRY(left, 8));
  SAME(memmem, (left, 8, right, 3), CARRY(left, 8), CARRY(right, 3));
  REFUSES(1, memchr, (left, 'z', 9));
  REFUSES(1, memrchr, (left, 'z', 9));

  char *sorted = bytes("hgfedcba");
  DOES(qsort, (sorted, 8, 1, compare_bytes), CARRY(sorted, 8));
  EXPECT(memcmp(sorted, left, 8) == 0);
  DOES(qsort_r, (sorted, 8, 1, compare_bytes_with, NULL), CARRY(sorted, 8));
  SAME(bsearch, ("c", sorted, 8, 1, compare_bytes), CARRY(sorted, 8));
  REFUSES(1, qsort, (sorted, 9, 1, compare_bytes));
}
