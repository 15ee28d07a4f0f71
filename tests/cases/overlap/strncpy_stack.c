/* case: kind=overlapping-copy call=strncpy
 * Overlap in a buffer on the stack is as wrong as in one of the heap. */
#include "case.h"

int main(void) {
  char text[40] = "abcdefghijklmnopqrstuvwxyz", other[40];
  char *to = opaque(BAD ? text : other);
  strncpy(to + 2, opaque(text), opaque_size(20)); // BUG
  printf("%c\n", text[0]);
  return 0;
}
