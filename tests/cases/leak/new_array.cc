/* case: kind=leak direct=4000 count=1
 * An exception goes past the delete[]. */
#include "case.h"
#include <stdexcept>

static NOINLINE void convert(int fail) {
  int *table = new int[1000](); // ALLOC
  table = static_cast<int *>(opaque(table));
  if (fail) {
    throw std::runtime_error("bad input");
  }
  delete[] table;
}

int main() {
  try {
    convert(BAD);
  } catch (const std::runtime_error &) {
  }
  clear_stack();
  puts("done");
}
