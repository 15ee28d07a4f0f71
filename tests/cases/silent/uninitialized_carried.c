/* case: kind=none
 * Arrays with holes are sorted into place, grown and swapped; what is in the holes is carried, never used. */
#include "case.h"

struct slot {
  long used;
  long value;
};

int main(void) {
  struct slot *slots = malloc(4 * sizeof *slots);
  slots = opaque(slots);
  for (int i = 0; i < 4; i++) {
    slots[i].used = i % 2;
    if (slots[i].used) {
      slots[i].value = i * 10;
    }
  }
  slots = opaque(realloc(slots, 9000 * sizeof *slots));
  struct slot keep = *(struct slot *)opaque(&slots[0]);
  slots[0] = slots[3];
  slots[3] = keep;
  long sum = 0;
  for (int i = 0; i < 4; i++) {
    sum += slots[i].used ? slots[i].value : 0;
  }
  printf("%ld\n", sum);
  free(slots);
  return 0;
}
