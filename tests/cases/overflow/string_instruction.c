/* case: kind=heap-buffer-overflow access=write object=40
 * The processor's own string instruction, one word too far. */
#include "case.h"

int main(void) {
  void *block = malloc(40); // ALLOC
#if defined(__x86_64__)
  void *to = opaque(block);
  size_t words = opaque_size(BAD ? 6 : 5);
  __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(0x0101010101010101ull) : "memory"); // BUG
#endif
  printf("%d\n", ((char *)block)[4]);
  free(block);
  return 0;
}
