/* case: kind=heap-buffer-overflow access=write object=512 call=pread
 * A block of a file is read into half a block. */
#include "case.h"

int main(void) {
  char block[1024];
  memset(block, 'k', sizeof block);
  FILE *file = tmpfile();
  fwrite(block, 1, sizeof block, file);
  fflush(file);
  char *buffer = malloc(512);                                             // ALLOC
  ssize_t got = pread(fileno(file), opaque(buffer), BAD ? 1024 : 512, 0); // BUG
  printf("%d\n", got >= 512);
  fclose(file);
  free(buffer);
  return 0;
}
