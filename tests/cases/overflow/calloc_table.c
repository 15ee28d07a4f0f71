/* case: kind=heap-buffer-overflow access=read bytes=2 offset=512 object=512
 * A table for the values of a byte has no place for the value 256. */
#include "case.h"

int main(void) {
  unsigned short *counts = calloc(256, sizeof *counts); // ALLOC
  const char *text = opaque("the quick brown fox");
  for (const char *at = text; *at; at++) {
    counts[(unsigned char)*at]++;
  }
  int most = 0;
  for (int i = 0; i < (BAD ? 257 : 256); i++) {
    if (((const volatile unsigned short *)counts)[i] > 60000) { // BUG
      most = i;
    }
  }
  printf("%d %d\n", counts['o'], most > 0);
  free(counts);
  return 0;
}
