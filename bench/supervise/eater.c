/*
 * eater MIB SECONDS: grows to so many MiB and holds them for a while.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments) {
  for (int i = atoi(arguments[1]); i > 0; i--) {
    char *piece = malloc(1 << 20);
    if (piece == NULL)
      return 9;
    memset(piece, i, 1 << 20);
  }
  usleep((unsigned)(atof(arguments[count - 1]) * 1e6));
  return 0;
}
