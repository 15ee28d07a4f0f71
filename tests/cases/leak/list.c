/* case: kind=leak direct=16 indirect=144
 * A list is lost by its head: the head directly, the rest with it. */
#include "case.h"

struct node {
  struct node *next;
  long value;
};

static NOINLINE void use(int count) {
  struct node *list = NULL;
  for (int i = 0; i < count; i++) {
    struct node *node = malloc(sizeof *node); // ALLOC
    node->value = i;
    node->next = list;
    list = opaque(node);
  }
  printf("%ld\n", list->value);
  while (!BAD && list != NULL) {
    struct node *next = list->next;
    free(list);
    list = next;
  }
}

int main(void) {
  use(10);
  clear_stack();
  return 0;
}
