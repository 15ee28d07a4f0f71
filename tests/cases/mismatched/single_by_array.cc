/* case: kind=mismatched-free object=8
 * new of one, then delete[]. */
#include "case.h"

int main() {
  double *value = static_cast<double *>(opaque(new double(2))); // ALLOC
  if (BAD) {
    delete[] value; // BUG
  } else {
    delete value;
  }
  puts("done");
}
