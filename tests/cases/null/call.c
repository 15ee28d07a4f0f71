/* case: kind=null-pointer access=execution
 * A callback that was never set is called. */
#include "case.h"

static struct { void (*volatile on_start)(void); } hooks;

static void started(void) {
  puts("started");
}

int main(void) {
  hooks.on_start = BAD ? NULL : started;
  hooks.on_start(); // BUG
  return 0;
}
