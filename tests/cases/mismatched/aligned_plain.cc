/* case: kind=mismatched-free object=256
 * Allocated by aligned_alloc, given back by the aligned operator. */
#include "case.h"
#include <new>

int main() {
  constexpr std::align_val_t line{64};
  void *block = BAD ? aligned_alloc(64, 256) : ::operator new(256, line); // ALLOC
  memset(opaque(block), 0, 256);
  ::operator delete(opaque(block), line); // BUG
  puts("done");
}
