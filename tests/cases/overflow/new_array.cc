/* case: kind=heap-buffer-overflow access=write bytes=4 offset=28 object=28
 * Days are numbered from one here, from zero in the array. */
#include "case.h"

int main() {
  int *days = new int[7](); // ALLOC
  for (int day = 1; day <= 7; day++) {
    static_cast<volatile int *>(opaque(days))[BAD ? day : day - 1] = day; // BUG
  }
  printf("%d\n", days[3] > 0);
  delete[] days;
}
