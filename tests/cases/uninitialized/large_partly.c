/* case: kind=uninitialized-read bytes=4 object=400000 offset=250000
 * Half of a large table was filled. */
#include "case.h"

int main(void) {
  int *table = malloc(400000); // ALLOC
  memset(opaque(table), 0, BAD ? 200000 : 400000);
  int value = ((volatile int *)table)[62500]; // BUG
  if (value == 12) {
    puts("twelve");
  }
  puts("done");
  free(table);
  return 0;
}
