/* case: kind=null-pointer access=read bytes=4 variants=-O0,-O2
 * A search finds nothing, and the result is used. */
#include "case.h"

struct entry {
  int key, value;
};

static NOINLINE struct entry *find(struct entry *entries, int count, int key) {
  for (int i = 0; i < count; i++) {
    if (entries[i].key == key) {
      return &entries[i];
    }
  }
  return opaque(NULL);
}

int main(void) {
  struct entry entries[3] = {{1, 10}, {2, 20}, {3, 30}};
  struct entry *found = find(entries, 3, BAD ? 4 : 3);
  printf("%d\n", *(volatile int *)&found->value); // BUG
  return 0;
}
