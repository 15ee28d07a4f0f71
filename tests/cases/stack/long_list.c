/* case: kind=stack-overflow
 * A list is freed recursively; it has four million nodes. */
#include "case.h"

struct node {
  struct node *next;
};

static NOINLINE int count(const struct node *node) {
  volatile int self = 1;                              // BUG
  return node == NULL ? 0 : count(node->next) + self; // BUG
}

int main(void) {
  size_t nodes = opaque_size(BAD ? 4000000 : 1000);
  struct node *block = calloc(nodes, sizeof *block);
  for (size_t i = 0; i + 1 < nodes; i++) {
    block[i].next = &block[i + 1];
  }
  printf("%d\n", count(block));
  free(block);
  return 0;
}
