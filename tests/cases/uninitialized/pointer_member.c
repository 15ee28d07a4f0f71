/* case: kind=uninitialized-read bytes=8 offset=8 object=16
 * A pointer that was never set is followed. */
#include "case.h"

struct node {
  long value;
  struct node *next;
};

int main(void) {
  struct node *node = malloc(sizeof *node); // ALLOC
  node = opaque(node);
  node->value = 1;
  if (!BAD) {
    node->next = NULL;
  }
  struct node *next = *(struct node *volatile *)&node->next; // BUG
  if (next != NULL) {
    puts("there is a next");
  }
  if (!BAD) {
    puts("done");
  }
  free(node);
  return 0;
}
