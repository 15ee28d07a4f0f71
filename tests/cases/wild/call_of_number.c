/* case: kind=wild-pointer access=execution
 * A function pointer holds a number. */
#include "case.h"

static void hello(void) {
  puts("hello");
}

int main(void) {
  void (*volatile call)(void) = BAD ? (void (*)(void))opaque((void *)0x7000000000) : hello;
  call(); // BUG
  return 0;
}
