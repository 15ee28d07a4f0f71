/* case: kind=heap-buffer-overflow access=write bytes=8 offset=16 object=16
 * The size of the base is allocated, a member of what extends it is written. */
#include "case.h"

struct shape {
  int kind, color;
  double area;
};
struct circle {
  struct shape shape;
  double radius;
};

int main(void) {
  struct circle *circle = malloc(BAD ? sizeof(struct shape) : sizeof(struct circle)); // ALLOC
  circle = opaque(circle);
  circle->shape.area = 3.5;
  *(volatile double *)&circle->radius = 1.25; // BUG
  printf("%.1f\n", circle->shape.area);
  free(circle);
  return 0;
}
