/* case: kind=heap-buffer-overflow access=write object=6 call=wcscpy
 * The length in characters is taken for a length in bytes. */
#include "case.h"
#include <wchar.h>

int main(void) {
  const wchar_t *name = opaque(L"Greta");
  wchar_t *copy = malloc((wcslen(name) + 1) * (BAD ? 1 : sizeof *copy)); // ALLOC
  wcscpy(copy, name);                                                    // BUG
  printf("%d\n", (int)copy[0]);
  free(copy);
  return 0;
}
