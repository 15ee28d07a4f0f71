/* case: kind=heap-buffer-overflow access=read bytes=16 offset=32 object=40 build=-O2
 * The loop takes sixteen bytes at a time, and the array isn't a multiple of it. */
#include "case.h"
#if defined(__x86_64__)
#include <emmintrin.h>

int main(void) {
  int count = BAD ? 10 : 12;
  int *numbers = malloc(count * sizeof *numbers); // ALLOC
  for (int i = 0; i < count; i++) {
    numbers[i] = 1;
  }
  __m128i total = _mm_setzero_si128();
  for (int i = 0; i < 12; i += 4) {
    __m128i four = _mm_loadu_si128((const __m128i *)((int *)opaque(numbers) + i)); // BUG
    __asm__ volatile("" : "+x"(four));
    total = _mm_add_epi32(total, four);
  }
  printf("%d\n", _mm_cvtsi128_si32(total));
  free(numbers);
  return 0;
}
#else
int main(void) {
  return 0;
}
#endif
