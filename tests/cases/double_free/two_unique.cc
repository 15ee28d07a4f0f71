/* case: kind=double-free object=12
 * Two owners are made of one pointer. */
#include "case.h"
#include <memory>

struct Point {
  int x, y, z;
};

static NOINLINE void drop(std::unique_ptr<Point> &owner) {
  owner.reset(); // FREE BUG
}

int main() {
  auto *point = new Point(); // ALLOC
  std::unique_ptr<Point> first(point);
  std::unique_ptr<Point> second(BAD ? static_cast<Point *>(opaque(point)) : new Point());
  drop(first);
  drop(second);
  puts("done");
}
