/* case: kind=heap-use-after-free access=write bytes=4 offset=0 object=24
 * A child outlives its parent and tells it when it goes. */
#include "case.h"

struct node {
  int children;
  struct node *parent;
  char name[8];
};

static NOINLINE void node_free(struct node *node) {
  if (node->parent != NULL) {
    *(volatile int *)&node->parent->children = 0; // BUG
  }
  free(node); // FREE
}

int main(void) {
  struct node *parent = calloc(1, sizeof *parent); // ALLOC
  struct node *child = calloc(1, sizeof *child);
  child->parent = opaque(parent);
  node_free(BAD ? parent : child);
  node_free(BAD ? child : parent);
  puts("freed");
  return 0;
}
