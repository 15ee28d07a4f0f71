/* case: kind=impossible-size
 * operator new is asked for less than nothing; it throws. */
#include "case.h"
#include <new>

int main() {
  long bytes = static_cast<long>(opaque_size(static_cast<size_t>(BAD ? -16 : 16)));
  try {
    void *block = ::operator new(static_cast<size_t>(bytes)); // BUG
    ::operator delete(opaque(block));
  } catch (const std::bad_alloc &) {
    puts("refused");
  }
  puts("done");
}
