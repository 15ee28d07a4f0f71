/* case: kind=heap-buffer-overflow access=write object=20 call=strcat
 * A path is put together in a buffer that forgets the slash and the end. */
#include "case.h"

int main(void) {
  const char *folder = opaque("/usr/share"), *name = opaque("dictionary");
  char *path = malloc(strlen(folder) + strlen(name) + (BAD ? 0 : 2)); // ALLOC
  strcpy(path, folder);
  strcat(path, "/");
  strcat(path, name); // BUG
  printf("%.4s\n", path);
  free(path);
  return 0;
}
