/* case: kind=mismatched-free object=100
 * A buffer made by new[] is handed to C code, which frees it. */
#include "case.h"

extern "C" NOINLINE void library_release(void *buffer) {
  free(buffer); // BUG
}

int main() {
  char *buffer = BAD ? new char[100] : static_cast<char *>(malloc(100)); // ALLOC
  memset(opaque(buffer), 0, 100);
  library_release(buffer);
  puts("done");
}
