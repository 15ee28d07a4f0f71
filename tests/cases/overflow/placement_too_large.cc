/* case: kind=heap-buffer-overflow access=write object=16
 * An object is constructed in storage for a smaller one. */
#include "case.h"
#include <new>

struct Point {
  double x, y;
};
struct Point3 {
  double x, y;
  volatile double z;
  NOINLINE explicit Point3(double v) : x(v), y(v) { z = v; } // BUG
};

int main() {
  void *storage = ::operator new(BAD ? sizeof(Point) : sizeof(Point3)); // ALLOC
  auto *point = new (opaque(storage)) Point3(1.5);
  printf("%.1f\n", point->x);
  ::operator delete(storage);
}
