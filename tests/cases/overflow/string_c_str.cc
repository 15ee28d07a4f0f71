/* case: kind=heap-buffer-overflow access=write bytes=1 offset=41 object=41
 * A string's own buffer is written one behind the byte that ends it. */
#include "case.h"
#include <string>

int main() {
  std::string text(40, 'x'); // ALLOC
  char *bytes = static_cast<char *>(opaque(text.c_str()));
  size_t at = text.size() + (BAD ? 1 : 0);
  static_cast<volatile char *>(bytes)[at] = 0; // BUG
  printf("%zu\n", text.size());
}
