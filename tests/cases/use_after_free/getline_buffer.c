/* case: kind=heap-use-after-free access=read bytes=1 offset=0
 * Lines are kept by pointer, but getline has one buffer, which is freed. */
#include "case.h"

int main(void) {
  FILE *file = tmpfile();
  fputs("first\nsecond\n", file);
  rewind(file);
  char *line = NULL;
  size_t room = 0;
  if (getline(&line, &room, file) < 0) {
    return 1;
  }
  const volatile char *kept = opaque(line);
  char first = kept[0];
  if (BAD) {
    free(line); // FREE
  }
  first = kept[0]; // BUG
  if (!BAD) {
    free(line);
  }
  fclose(file);
  printf("%d\n", first == 'q');
  return 0;
}
