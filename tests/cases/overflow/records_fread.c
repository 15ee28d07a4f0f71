/* case: kind=heap-buffer-overflow access=write object=80 call=fread
 * One record more is read from a file than there is room for. */
#include "case.h"

struct record {
  uint32_t number;
  char name[12];
};

int main(void) {
  FILE *file = tmpfile();
  struct record record = {1, "first"};
  for (int i = 0; file != NULL && i < 8; i++) {
    fwrite(&record, sizeof record, 1, file);
  }
  rewind(file);
  struct record *records = malloc(5 * sizeof *records);                    // ALLOC
  size_t got = fread(opaque(records), sizeof *records, BAD ? 6 : 5, file); // BUG
  printf("%d %s\n", got >= 5, records[4].name);
  fclose(file);
  free(records);
  return 0;
}
