/* An error: the size given back is not the one that was asked for. Freehold says so and ends the program by SIGABRT. */
#include <freehold.h>

int main(void) {
  void *volatile record = fh_malloc(100);
  fh_free_sized(record, 5000);
  return 0;
}
