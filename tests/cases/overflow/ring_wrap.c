/* case: kind=heap-buffer-overflow access=write bytes=8 offset=256 object=256
 * The ring's index wraps one too late. */
#include "case.h"

struct ring {
  size_t room, head;
  void **slots;
};

static NOINLINE void ring_put(struct ring *ring, void *item) {
  ((void *volatile *)ring->slots)[ring->head] = item; // BUG
  ring->head++;
  if (BAD ? ring->head > ring->room : ring->head == ring->room) {
    ring->head = 0;
  }
}

int main(void) {
  struct ring ring = {32, 0, malloc(32 * sizeof(void *))}; // ALLOC
  for (int i = 0; i < 33; i++) {
    ring_put(&ring, &ring);
  }
  printf("%d\n", ring.slots[0] == &ring);
  free(ring.slots);
  return 0;
}
