/* case: kind=uninitialized-read bytes=4 offset=4 object=8
 * A member that was forgotten is printed. */
#include "case.h"

struct point {
  int x, y;
};

int main(void) {
  struct point *point = malloc(sizeof *point); // ALLOC
  point = opaque(point);
  point->x = 3;
  if (!BAD) {
    point->y = 4;
  }
  printf("%d %d\n", point->x, *(volatile int *)&point->y); // BUG
  free(point);
  return 0;
}
