/* case: kind=heap-use-after-free access=read bytes=8 offset=0 object=16
 * A list is freed by a loop that asks each freed node for the next. */
#include "case.h"

struct node {
  struct node *next;
  long value;
};

int main(void) {
  struct node *list = NULL;
  for (int i = 0; i < 5; i++) {
    struct node *node = malloc(sizeof *node); // ALLOC
    node->next = list;
    node->value = i;
    list = node;
  }
  struct node *node = list;
  int count = 0;
  while (node != NULL && count < (BAD ? 1 : 5)) {
    struct node *next = node->next;
    struct node *alias = opaque(node);
    free(node); // FREE
    if (BAD) {
      next = *(struct node *volatile *)&alias->next; // BUG
    }
    node = next;
    count++;
  }
  puts("freed");
  if (BAD) {
    _exit(0);
  }
  return 0;
}
