/*
 * Chains of references: breadth first from the roots, so that the first way to an object is a shortest one. Every
 * object that was found has a node, in the order of finding; the nodes are the queue as well.
 */
#include "reach/roots.h"
#include "reach/sequence.h"
#include "reach/threads.h"

#include <string.h>

#define NO_PARENT SIZE_MAX

struct node {
  uintptr_t from; /* where the reference stands */
  struct reach_object object;
  size_t parent; /* NO_PARENT: of a root */
  uint32_t number;
  int thread;
  uint32_t kind; /* enum fh_root, as the source said */
};

struct search {
  struct root_source source; /* first: a reader is its search */
  const struct reach_world *world;
  uintptr_t target; /* the start of the object that is looked for */
  size_t parent;    /* whose words are being read */
  bool found;       /* it is the last node */
  bool enough;      /* memory */
};

static struct sequence nodes = SEQUENCE_OF(struct node);

static bool find(const struct search *search, uintptr_t word, struct reach_object *object) {
  const struct root_source *source = &search->source;
  bool stack = search->parent == NO_PARENT &&
               (source->stack || source->kind == FH_ROOT_REGISTER || source->kind == FH_ROOT_STACK);
  return search->world->find_word != NULL ? search->world->find_word(word, stack, object)
                                          : search->world->find(word, object);
}

static bool take_words(struct word_reader *reader, const uintptr_t *words, size_t count, uintptr_t at) {
  struct search *search = (struct search *)(void *)reader;
  for (size_t i = 0; i < count; i++) {
    struct reach_object object;
    if (!word_may_point(words[i], search->world) || !find(search, words[i], &object))
      continue;
    bool is_target = object.start == search->target;
    if (*object.mark != 0 && !is_target)
      continue;
    *object.mark = 1;
    struct node *node = sequence_push(&nodes);
    if (node == NULL)
      return search->enough = false;
    *node =
        (struct node){at + i * sizeof *words, object, search->parent, search->source.number, search->source.thread,
                      search->source.kind};
    if (is_target) {
      search->found = true;
      return false;
    }
  }
  return true;
}

static void search_nodes(struct search *search) {
  for (size_t i = 0; i < nodes.count && search->enough && !search->found; i++) {
    const struct node *node = sequence_at(&nodes, i);
    search->parent = i;
    if (!node->object.leaf)
      memory_words(node->object.start, node->object.bytes, &search->source.words);
  }
}

size_t reach_chain(const struct reach_world *world, const ucontext_t *here, uintptr_t address,
                   struct reach_root *root, struct reach_step *steps, size_t most) {
  struct reach_object target;
  if (world->find_word != NULL ? !world->find_word(address, true, &target) : !world->find(address, &target))
    return 0;
  struct search search = {
      .source.words.take = take_words, .world = world, .target = target.start, .parent = NO_PARENT, .enough = true};
  sequence_clear(&nodes);
  if (roots_words(world, here, &search.source) && (world->more == NULL || world->more(&search.source)))
    search_nodes(&search);
  size_t length = 0;
  if (search.found) {
    size_t number = nodes.count - 1;
    for (; number != NO_PARENT; number = ((const struct node *)sequence_at(&nodes, number))->parent)
      length++;
    number = nodes.count - 1;
    for (size_t place = length; place > 0; place--) {
      const struct node *node = sequence_at(&nodes, number);
      if (place <= most)
        steps[place - 1] = (struct reach_step){node->from, node->object};
      if (place == 1)
        root_describe(node->kind, node->number, node->thread, node->from, here, root);
      number = node->parent;
    }
  }
  sequence_release(&nodes);
  return length;
}

size_t reach_cycle(const struct reach_world *world, const struct reach_object *object) {
  struct search search = {.source.words.take = take_words, .world = world, .target = object->start, .enough = true};
  if (mappings_count() == 0)
    mappings_read(threads_frozen());
  sequence_clear(&nodes);
  struct node *first = sequence_push(&nodes);
  size_t length = 0;
  if (first != NULL) {
    *first = (struct node){.object = *object, .parent = NO_PARENT};
    *object->mark = 1;
    search_nodes(&search);
  }
  /* The last node is the object again. */
  for (size_t number = nodes.count - 1; search.found && number != 0; length++)
    number = ((const struct node *)sequence_at(&nodes, number))->parent;
  sequence_release(&nodes);
  return length;
}
