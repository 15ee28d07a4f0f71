/* case: kind=wild-pointer access=execution
 * A function pointer leads to data, which may not be executed. */
#include "case.h"

static char data[64] = "\xc3";
static void hello(void) {
  puts("hello");
}

int main(void) {
  void (*volatile call)(void) = BAD ? (void (*)(void))opaque(data) : hello;
  call(); // BUG
  return 0;
}
