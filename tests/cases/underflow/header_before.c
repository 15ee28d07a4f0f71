/* case: kind=heap-buffer-underflow access=write bytes=4 offset=-16 object=100
 * A buffer that has no header is released as if it had one. */
#include "case.h"

struct header {
  uint32_t users, kind;
  uint64_t unused;
};

static NOINLINE void release(void *body) {
  struct header *header = (struct header *)body - 1;
  *(volatile uint32_t *)&header->users = 0; // BUG
}

int main(void) {
  char *block = calloc(1, 100); // ALLOC
  release(opaque(block + (BAD ? 0 : sizeof(struct header))));
  printf("%d\n", block[0]);
  free(block);
  return 0;
}
