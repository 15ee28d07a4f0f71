/* case: kind=invalid-free
 * delete of an object on the stack. */
#include "case.h"

struct Timer {
  long ticks = 4;
};

int main() {
  Timer local;
  auto *timer = BAD ? static_cast<Timer *>(opaque(&local)) : new Timer;
  printf("%ld\n", timer->ticks);
  delete timer; // BUG
}
