/* case: kind=heap-buffer-overflow access=write object=32 call=fgets
 * fgets is told a larger buffer than it gets. */
#include "case.h"

int main(void) {
  FILE *file = tmpfile();
  if (file == NULL) {
    return 1;
  }
  fputs("a line that is quite a bit longer than thirty-two characters\n", file);
  rewind(file);
  char *line = malloc(32);                               // ALLOC
  char *got = fgets(opaque(line), BAD ? 128 : 32, file); // BUG
  printf("%d %.6s\n", got != NULL, line);
  fclose(file);
  free(line);
  return 0;
}
