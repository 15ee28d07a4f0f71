/* case: kind=double-free object=4
 * The same int is deleted twice. */
#include "case.h"

int main() {
  int *value = new int(4); // ALLOC
  int *alias = static_cast<int *>(opaque(value));
  delete value; // FREE
  if (BAD) {
    delete alias; // BUG
  }
  puts("done");
}
