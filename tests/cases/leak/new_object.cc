/* case: kind=leak direct=48 count=1
 * An object of new that nobody deletes. */
#include "case.h"

struct Widget {
  long values[6] = {1, 2, 3, 4, 5, 6};
};

static NOINLINE long use() {
  auto *widget = new Widget; // ALLOC
  long value = static_cast<Widget *>(opaque(widget))->values[2];
  if (!BAD) {
    delete widget;
  }
  return value;
}

int main() {
  printf("%ld\n", use());
}
