/* case: kind=heap-buffer-overflow access=write bytes=8
 * case: object=96
 * Rows and columns are confused in the index. */
#include "case.h"

int main(void) {
  size_t rows = opaque_size(2), columns = opaque_size(6);
  double *matrix = calloc(rows * columns, sizeof *matrix); // ALLOC
  for (size_t row = 0; row < rows; row++) {
    for (size_t column = 0; column < columns; column++) {
      size_t place = BAD ? column * columns + row : row * columns + column;
      *(volatile double *)&matrix[place] = (double)(row + column); // BUG
      if (place >= rows * columns) {
        goto out; // once is enough
      }
    }
  }
out:
  printf("%.0f\n", matrix[0]);
  free(matrix);
  return 0;
}
