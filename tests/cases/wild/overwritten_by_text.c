/* case: kind=wild-pointer access=read
 * A pointer was overwritten by text: what it holds is not even an address. */
#include "case.h"

struct item {
  char *name;
  long count;
};

int main(void) {
  static char name[] = "name";
  struct item item = {name, 1};
  memcpy(opaque(&item), BAD ? (const void *)"AAAAAAAA" : (const void *)&(char *){name}, 8);
  char first = *(volatile char *)item.name; // BUG
  printf("%c\n", first);
  return 0;
}
