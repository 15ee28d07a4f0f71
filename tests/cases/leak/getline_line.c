/* case: kind=leak count=1
 * The line that getline allocates belongs to its caller. */
#include "case.h"

static NOINLINE long read_one(FILE *file) {
  char *line = NULL;
  size_t room = 0;
  long length = getline(&line, &room, file); // ALLOC
  if (!BAD) {
    free(line);
  }
  return length;
}

int main(void) {
  FILE *file = tmpfile();
  fputs("one line\n", file);
  rewind(file);
  printf("%ld\n", read_one(file));
  fclose(file);
  clear_stack();
  return 0;
}
