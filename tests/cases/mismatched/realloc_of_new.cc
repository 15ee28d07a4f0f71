/* case: kind=mismatched-free object=16
 * A buffer of new[] is grown by realloc. */
#include "case.h"

int main() {
  void *buffer = BAD ? new char[16] : static_cast<char *>(malloc(16)); // ALLOC
  memset(buffer, 1, 16);
  buffer = realloc(opaque(buffer), 64); // BUG
  if (BAD) {
    free(buffer);
    _exit(0);
  }
  free(buffer);
  puts("done");
}
