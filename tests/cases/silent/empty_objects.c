/* case: kind=none
 * Objects of no bytes, frees of NULL, and what malloc_usable_size allows. */
#include "case.h"
#include <malloc.h>

int main(void) {
  free(NULL);
  void *none = malloc(opaque_size(0));
  void *also = calloc(opaque_size(0), 8);
  void *grown = realloc(NULL, 10);
  grown = realloc(opaque(grown), 1000);
  grown = realloc(opaque(grown), 1);
  char *room = malloc(13);
  size_t usable = malloc_usable_size(room);
  memset(opaque(room), 7, usable);
  printf("%d %d\n", room[12], usable >= 13);
  free(none);
  free(also);
  free(grown);
  free(room);
  return 0;
}
