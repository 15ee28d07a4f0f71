/* case: kind=heap-use-after-free access=read bytes=4 offset=0 object=16
 * One reference too many is given up. */
#include "case.h"

struct image {
  int users, width, height, depth;
};

static NOINLINE void image_release(struct image *image) {
  int users = *(volatile int *)&image->users - 1; // BUG
  if (users == 0) {
    free(image); // FREE
    return;
  }
  image->users = users;
}

int main(void) {
  struct image *image = calloc(1, sizeof *image); // ALLOC
  image->users = BAD ? 1 : 2;
  image = opaque(image);
  image_release(image);
  if (BAD) {
    image_release(image);
    _exit(0); // what the second release made of it is no subject here
  }
  image_release(image);
  puts("released");
  return 0;
}
