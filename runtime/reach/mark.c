/*
 * Marking: every word of the roots and then of each object that was marked is asked whether it points to an object.
 * What is still to be read stands on a stack of our own, so depth costs no recursion, and each object is read once.
 */
#include "reach/kernel_roots.h"
#include "reach/roots.h"
#include "reach/sequence.h"
#include "reach/threads.h"

struct pending {
  uintptr_t start;
  size_t bytes;
};

struct marker {
  struct root_source source; /* first: a reader is its marker */
  const struct reach_world *world;
  size_t count, bytes; /* marked */
  uint8_t mark;
  bool enough; /* memory */
};

static struct sequence pending = SEQUENCE_OF(struct pending);

static bool take_words(struct word_reader *reader, const uintptr_t *words, size_t count, uintptr_t at) {
  struct marker *marker = (struct marker *)(void *)reader;
  const struct reach_world *world = marker->world;
  (void)at;
  for (size_t i = 0; i < count; i++) {
    struct reach_object object;
    if (!word_may_point(words[i], world) || !world->find(words[i], &object) || *object.mark != 0)
      continue;
    *object.mark = marker->mark;
    marker->count++;
    marker->bytes += object.bytes;
    if (object.bytes < sizeof(uintptr_t))
      continue;
    struct pending *next = sequence_push(&pending);
    if (next == NULL)
      return marker->enough = false;
    *next = (struct pending){object.start, object.bytes};
  }
  return true;
}

static void mark_pending(struct marker *marker) {
  while (marker->enough && pending.count != 0) {
    struct pending object = *(const struct pending *)sequence_at(&pending, pending.count - 1);
    sequence_pop(&pending);
    memory_words(object.start, object.bytes, &marker->source.words);
  }
}

bool reach_mark(const struct reach_world *world, const ucontext_t *here) {
  struct marker marker = {.source.words.take = take_words, .world = world, .mark = 1, .enough = true};
  sequence_clear(&pending);
  bool whole = roots_words(world, here, &marker.source);
  if (whole)
    mark_pending(&marker);
  return whole && marker.enough;
}

size_t reach_mark_from(const struct reach_world *world, const struct reach_object *start, uint8_t mark,
                       size_t *bytes) {
  struct marker marker = {.source.words.take = take_words, .world = world, .mark = mark, .enough = true};
  if (mappings_count() == 0)
    mappings_read(threads_frozen());
  sequence_clear(&pending);
  if (*start->mark == 0)
    *start->mark = mark;
  memory_words(start->start, start->bytes, &marker.source.words);
  mark_pending(&marker);
  *bytes = marker.bytes;
  return marker.count;
}

void reach_forget(void) {
  sequence_release(&pending);
  mappings_forget();
  kernel_roots_forget();
}
