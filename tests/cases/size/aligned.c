/* case: kind=impossible-size
 * A size computed as an int, aligned to a page. */
#include "case.h"

int main(void) {
  int rows = (int)opaque_size(BAD ? 70000 : 70), columns = (int)opaque_size(BAD ? 35000 : 30);
  int bytes = (int)((unsigned)rows * (unsigned)columns);
  void *image = NULL;
  int status = posix_memalign(&image, 4096, (size_t)bytes); // BUG
  printf("%d\n", status == 1);
  free(status == 0 ? image : NULL);
  return 0;
}
