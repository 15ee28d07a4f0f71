/* case: kind=heap-buffer-overflow access=read object=30 call=fwrite
 * More records are written to a file than there are. CWE-126. */
#include "case.h"

int main(void) {
  char *records = malloc(30); // ALLOC
  memset(records, 'r', 30);
  FILE *file = tmpfile();
  size_t wrote = fwrite(opaque(records), 10, BAD ? 4 : 3, file); // BUG
  printf("%d\n", wrote >= 3);
  fclose(file);
  free(records);
  return 0;
}
