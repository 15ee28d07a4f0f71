/* case: kind=heap-buffer-overflow access=write object=20 call=wmemset
 * wmemset counts characters, not bytes. */
#include "case.h"
#include <wchar.h>

int main(void) {
  wchar_t *line = malloc(BAD ? 20 : 20 * sizeof *line); // ALLOC
  wmemset(opaque(line), L'-', 20);                      // BUG
  printf("%d\n", (int)line[2]);
  free(line);
  return 0;
}
