/* tree: threads build binary trees of small nodes, walk them, and take them down again. */
#include "workload.h"

#include <stdlib.h>

enum { DEPTH = 16 };

struct node {
  struct node *left, *right;
  uint64_t value;
};

static struct node *tree_build(unsigned depth, uint64_t value) {
  struct node *node = workload_take(sizeof *node);
  node->value = value;
  node->left = depth == 0 ? NULL : tree_build(depth - 1, 2 * value);
  node->right = depth == 0 ? NULL : tree_build(depth - 1, 2 * value + 1);
  return node;
}

static uint64_t tree_count(const struct node *node) {
  return node == NULL ? 0 : 1 + tree_count(node->left) + tree_count(node->right);
}

static void tree_drop(struct node *node) {
  if (node == NULL)
    return;
  tree_drop(node->left);
  tree_drop(node->right);
  free(node);
}

static void *grow(void *argument) {
  for (uint64_t rounds = *(uint64_t *)argument; rounds != 0; rounds--) {
    struct node *tree = tree_build(DEPTH, 1);
    if (tree_count(tree) != ((uint64_t)2 << DEPTH) - 1)
      workload_fail("the tree lost a node");
    tree_drop(tree);
  }
  return NULL;
}

static void run(uint64_t amount, unsigned threads) {
  uint64_t rounds[64];
  for (unsigned i = 0; i < threads && i < 64; i++)
    rounds[i] = amount / threads;
  workload_on_threads(threads, grow, rounds, sizeof rounds[0]);
}

const struct workload workload = {.amount = 240, .threads = 2, .run = run};
