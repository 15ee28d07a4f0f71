/* case: kind=leak direct=24 indirect=336
 * The root of a tree of fifteen nodes is forgotten. */
#include "case.h"

struct tree {
  struct tree *left, *right;
  long value;
};

static NOINLINE struct tree *tree_make(int depth) {
  struct tree *tree = calloc(1, sizeof *tree); // ALLOC
  if (depth > 1) {
    tree->left = tree_make(depth - 1);
    tree->right = tree_make(depth - 1);
  }
  return tree;
}
static NOINLINE void tree_free(struct tree *tree) {
  if (tree != NULL) {
    tree_free(tree->left);
    tree_free(tree->right);
    free(tree);
  }
}

static NOINLINE void use(void) {
  struct tree *tree = opaque(tree_make(4));
  printf("%d\n", tree->left != NULL);
  if (!BAD) {
    tree_free(tree);
  }
}

int main(void) {
  use();
  clear_stack();
  return 0;
}
