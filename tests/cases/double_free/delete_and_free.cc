/* case: kind=double-free object=24
 * Deleted by one owner, given to free by another. */
#include "case.h"

struct Node {
  long a, b, c;
};

int main() {
  auto *node = new Node(); // ALLOC
  void *alias = opaque(node);
  delete node; // FREE
  if (BAD) {
    free(alias); // BUG
  }
  puts("done");
}
