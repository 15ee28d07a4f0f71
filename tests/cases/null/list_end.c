/* case: kind=null-pointer access=read bytes=8
 * The walk over a list looks at the node behind its end. */
#include "case.h"

struct node {
  struct node *next;
  long value;
};

int main(void) {
  struct node last = {NULL, 3}, middle = {&last, 2}, first = {&middle, 1};
  long sum = 0;
  struct node *node = opaque(&first);
  while (BAD || node != NULL) {
    sum += *(volatile long *)&node->value; // BUG
    node = opaque(node->next);
  }
  printf("%ld\n", sum);
  return 0;
}
