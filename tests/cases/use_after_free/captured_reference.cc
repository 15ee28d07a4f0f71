/* case: kind=heap-use-after-free access=read bytes=4 offset=0 object=32
 * A lambda holds a reference to a member of an object that is gone. */
#include "case.h"
#include <functional>

struct Window {
  volatile int width = 80;
  char title[28] = "";
  NOINLINE std::function<int()> measure() {
    volatile int &reference = width;
    return [&reference] { return reference * 2; }; // BUG
  }
};

int main() {
  auto *window = new Window; // ALLOC
  auto measure = static_cast<Window *>(opaque(window))->measure();
  int width = measure();
  if (BAD) {
    delete window; // FREE
  }
  width += measure();
  if (!BAD) {
    delete window;
  }
  printf("%d\n", width > 5);
}
