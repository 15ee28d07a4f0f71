/* case: kind=heap-buffer-overflow access=write object=11 call=stpcpy
 * Words are joined with a separator each; the room was counted without separators. */
#include "case.h"

int main(void) {
  const char *words[] = {"one", "two", "three"};
  size_t room = BAD ? 11 : 15;
  char *joined = malloc(opaque_size(room)), *end = joined; // ALLOC
  for (int i = 0; i < 3; i++) {
    end = stpcpy(end, opaque(words[i])); // BUG
    end = stpcpy(end, opaque(","));      // BUG
  }
  printf("%.7s\n", joined);
  free(joined);
  return 0;
}
