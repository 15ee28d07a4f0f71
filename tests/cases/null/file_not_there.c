/* case: kind=null-pointer
 * A file that can't be opened is read. The access is inside of libc. CWE-690. */
#include "case.h"

int main(void) {
  FILE *file = fopen(opaque(BAD ? "/there is no such file" : "/proc/self/stat"), "r");
  char line[64];
  char *got = fgets(line, sizeof line, opaque(file)); // BUG
  printf("%d\n", got != NULL);
  fclose(file);
  return 0;
}
