/* case: kind=heap-buffer-overflow access=read bytes=1 offset=5 object=5
 * The first byte promises two, and the text ends there. CWE-126. */
#include "case.h"

static NOINLINE int count_characters(const volatile unsigned char *text, const volatile unsigned char *end) {
  int count = 0;
  while (text < end) {
    int more = *text >= 0xe0 ? 2 : *text >= 0xc0 ? 1 : 0;
    for (int i = 1; i <= more; i++) {
      if ((text[i] & 0xc0) != 0x80) { // BUG
        return -1;
      }
    }
    text += more + 1;
    count++;
  }
  return count;
}

int main(void) {
  unsigned char *text = malloc(5); // ALLOC
  memcpy(text, BAD ? "abcd\xc3" : "abc\xc3\xa4", 5);
  int count = count_characters(opaque(text), text + 5);
  printf("%d\n", count > 10);
  free(text);
  return 0;
}
