/* case: kind=mismatched-free object=6
 * strdup allocates by malloc, so delete[] is wrong. */
#include "case.h"

int main() {
  char *name = strdup(static_cast<char *>(opaque("Emmy."))); // ALLOC
  if (BAD) {
    delete[] static_cast<char *>(opaque(name)); // BUG
  } else {
    free(name);
  }
  puts("done");
}
