/* case: kind=heap-buffer-overflow access=write object=10 call=strftime
 * strftime believes the size it is told. */
#include "case.h"
#include <time.h>

int main(void) {
  struct tm day = {.tm_year = 100, .tm_mon = 1, .tm_mday = 29};
  char *text = malloc(BAD ? 10 : 11);                                        // ALLOC
  size_t length = strftime(opaque(text), opaque_size(11), "%Y-%m-%d", &day); // BUG
  printf("%zu %.4s\n", length, text);
  free(text);
  return 0;
}
