/* case: kind=write-to-readonly access=write bytes=1 variants=-O2
 * A literal is turned into capitals, in place. */
#include "case.h"

int main(void) {
  char copy[] = "word";
  char *text = opaque(BAD ? (const char *)"word" : copy);
  *(volatile char *)text = 'W'; // BUG
  puts(text);
  return 0;
}
