/* case: kind=uninitialized-read bytes=4 offset=8 object=16 variants=-O0,-O2
 * A flag that was never set decides. */
#include "case.h"

struct options {
  int color, width, verbose, debug;
};

int main(void) {
  struct options *options = malloc(sizeof *options); // ALLOC
  options = opaque(options);
  options->color = options->width = options->debug = 0;
  if (!BAD) {
    options->verbose = 0;
  }
  if (*(volatile int *)&options->verbose == 77) { // BUG
    puts("verbose");
  }
  puts("done");
  free(options);
  return 0;
}
