/*
 * What gc.h promises. Everything here holds of bdwgc's library as well, so that it can be run on both; a conservative
 * collector may keep a few dead objects, so counts of what died have some room.
 */
#include "../api/expect.h"

#define GC_THREADS
#include "gc.h"
#include "gc/gc_inline.h"
#include "gc/gc_mark.h"
#include "gc/gc_typed.h"
#include "gc/javaxfc.h"

#include <pthread.h>

struct node {
  struct node *next;
  uint64_t number;
  void *other[2];
};

enum { MANY = 1000, MOST_KEPT = 50 };

static void *volatile kept; /* a root */

/* Calls `make` deep in the stack and overwrites what that left there. */
static __attribute__((noinline)) void wipe(void) {
  volatile char room[16 * 1024];
  for (size_t i = 0; i < sizeof room; i++)
    room[i] = 0;
}
static __attribute__((noinline)) void collect(void) {
  wipe();
  GC_gcollect();
  GC_gcollect();
}

/* ---- Allocating ---- */

static bool is_zero(const void *object, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    if (((const char *)object)[i] != 0)
      return false;
  return true;
}

static void test_allocating(void) {
  static const size_t sizes[] = {0, 1, 8, 16, 17, 24, 100, 1000, 4000, 8192, 9000, 65536, 70000, 1 << 20};
  for (unsigned round = 0; round < 3; round++)
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
      char *object = GC_MALLOC(sizes[i]);
      EXPECT(object != NULL && (uintptr_t)object % 16 == 0);
      EXPECT(is_zero(object, sizes[i]));
      EXPECT(GC_base(object + sizes[i] / 2) == object);
      EXPECT(GC_size(object) >= sizes[i]);
      EXPECT(GC_is_heap_ptr(object) && !GC_is_heap_ptr(&round));
      memset(object, 0x5a, sizes[i]);
      char *atomic = GC_MALLOC_ATOMIC(sizes[i]);
      EXPECT(atomic != NULL && GC_base(atomic) == atomic);
      memset(atomic, 0xa5, sizes[i]);
      GC_FREE(atomic);
      if (i % 2 == 0)
        GC_FREE(object);
    }
  EXPECT(GC_base((void *)(uintptr_t)&sizes) == NULL);
  GC_FREE(NULL);
}

static void test_resizing(void) {
  char *object = GC_REALLOC(NULL, 10);
  memcpy(object, "012345678", 10);
  for (size_t size = 10; size < 300000; size = size * 3 / 2) {
    object = GC_REALLOC(object, size);
    EXPECT(strcmp(object, "012345678") == 0);
    EXPECT(is_zero(object + 10, size - 10));
  }
  object = GC_REALLOC(object, 10);
  EXPECT(strcmp(object, "012345678") == 0);
  char *copy = GC_STRDUP("freehold");
  EXPECT(strcmp(copy, "freehold") == 0);
  EXPECT(strcmp(GC_STRNDUP("freehold", 4), "free") == 0);
}

static void test_many(void) {
  void *list = GC_malloc_many(48);
  unsigned count = 0;
  for (void *object = list; object != NULL; object = GC_NEXT(object)) {
    EXPECT(is_zero((void **)object + 1, 40));
    count++;
  }
  EXPECT(count >= 1);
  void *atomic = NULL;
  GC_generic_malloc_many(32, GC_I_PTRFREE, &atomic);
  EXPECT(atomic != NULL);
}

/* ---- What is alive ---- */

static __attribute__((noinline)) struct node *make_list(unsigned length) {
  struct node *list = NULL;
  for (unsigned i = 0; i < length; i++) {
    struct node *node = GC_MALLOC(sizeof *node);
    *node = (struct node){.next = list, .number = i};
    list = node;
  }
  return list;
}

static void test_reachable_stays(void) {
  kept = make_list(MANY);
  for (unsigned round = 0; round < 5; round++) {
    collect();
    make_list(MANY);
    unsigned count = 0;
    for (const struct node *node = kept; node != NULL; node = node->next)
      EXPECT(node->number == MANY - ++count);
    EXPECT(count == MANY);
  }
  /* By a pointer into it, and by one exactly behind it, from the stack. */
  char *object = GC_MALLOC(4096);
  object[0] = 17;
  char *volatile inside = object + 4000;
  object = NULL;
  collect();
  make_list(MANY);
  EXPECT(inside[-4000] == 17);
}

static void test_uncollectable(void) {
  struct node **outside = malloc(sizeof *outside); /* whose content is no root */
  struct node *object = GC_MALLOC_UNCOLLECTABLE(sizeof *object);
  object->next = make_list(3);
  uintptr_t hidden = GC_HIDE_POINTER(object);
  object = NULL;
  collect();
  make_list(MANY);
  object = GC_REVEAL_POINTER(hidden);
  EXPECT(object->next->next->number == 1);
  GC_FREE(object);
  free(outside);
}

static void *thread_keeps(void *argument) {
  struct node *list = make_list(MANY);
  for (unsigned round = 0; round < 20; round++) {
    make_list(MANY);
    if (round % 5 == 0)
      GC_gcollect();
    unsigned count = 0;
    for (const struct node *node = list; node != NULL; node = node->next)
      count++;
    EXPECT(count == MANY);
  }
  return argument;
}

static void test_threads(void) {
  pthread_t threads[4];
  for (size_t i = 0; i < 4; i++)
    EXPECT(pthread_create(&threads[i], NULL, thread_keeps, &threads[i]) == 0);
  for (size_t i = 0; i < 4; i++) {
    void *result;
    EXPECT(pthread_join(threads[i], &result) == 0 && result == &threads[i]);
  }
}

/* ---- What dies ---- */

static unsigned finalized, order_broken;
static uint64_t last_number;

static void count_finalized(void *object, void *data) {
  const struct node *node = object;
  EXPECT(node->number < MANY && data == &finalized);
  finalized++;
}

static __attribute__((noinline)) void make_finalizable(void) {
  for (unsigned i = 0; i < MANY; i++) {
    struct node *node = make_list(1);
    node->number = i;
    GC_finalization_proc old = count_finalized;
    void *old_data = &old;
    GC_REGISTER_FINALIZER(node, count_finalized, &finalized, &old, &old_data);
    EXPECT(old == NULL && old_data == NULL);
  }
}

static void test_finalizers(void) {
  finalized = 0;
  make_finalizable();
  collect();
  GC_invoke_finalizers();
  EXPECT(finalized >= MANY - MOST_KEPT && finalized <= MANY);
}

/* Each points to the next: the first must come before the second. */
static void note_order(void *object, void *data) {
  const struct node *node = object;
  (void)data;
  if (finalized != 0 && node->number != last_number - 1)
    order_broken++;
  last_number = node->number;
  finalized++;
}

static __attribute__((noinline)) void make_chain(void) {
  for (struct node *node = make_list(100); node != NULL; node = node->next)
    GC_register_finalizer(node, note_order, NULL, NULL, NULL);
}

static void test_order(void) {
  finalized = order_broken = 0;
  make_chain();
  for (unsigned i = 0; i < 120; i++) {
    wipe();
    GC_gcollect();
    GC_invoke_finalizers();
  }
  EXPECT(finalized >= 1 && order_broken == 0);
}

static void on_demand(void *object, void *data) {
  (void)object, (void)data;
  finalized++;
}

static __attribute__((noinline)) void make_cycle(void) {
  for (unsigned i = 0; i < MANY; i++) {
    struct node *one = make_list(1), *other = make_list(1);
    one->next = other;
    other->next = one;
    GC_REGISTER_FINALIZER_NO_ORDER(one, on_demand, NULL, NULL, NULL);
  }
}

static void test_no_order_on_demand(void) {
  GC_set_finalize_on_demand(1);
  GC_set_java_finalization(1);
  finalized = 0;
  make_cycle();
  collect();
  EXPECT(finalized == 0);
  EXPECT(GC_should_invoke_finalizers());
  GC_invoke_finalizers();
  EXPECT(finalized >= MANY - MOST_KEPT);
  GC_set_finalize_on_demand(0);
}

/* Whether they can be reached or not; one that registers another for its object is followed by that. */
static void finalize_again(void *object, void *data) {
  GC_register_finalizer(object, count_finalized, data, NULL, NULL);
}

static void test_finalizing_all(void) {
  GC_finalize_all();
  finalized = 0;
  struct node *nodes[3];
  for (unsigned i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
    nodes[i] = make_list(1);
    nodes[i]->number = i;
    GC_register_finalizer(nodes[i], i == 0 ? finalize_again : count_finalized, &finalized, NULL, NULL);
  }
  GC_finalize_all();
  EXPECT(finalized == sizeof nodes / sizeof nodes[0]);
  for (unsigned i = 0; i < sizeof nodes / sizeof nodes[0]; i++)
    EXPECT(nodes[i]->number == i);
  GC_finalize_all();
  EXPECT(finalized == sizeof nodes / sizeof nodes[0]);
}

static void *links[MANY]; /* hidden, so no roots */
static struct node *linked[MANY];

static __attribute__((noinline)) void make_links(void **places) {
  for (unsigned i = 0; i < MANY; i++) {
    struct node *node = make_list(1);
    places[i] = (void *)GC_HIDE_POINTER(node);
    EXPECT(GC_general_register_disappearing_link(&places[i], node) == GC_SUCCESS);
    EXPECT(GC_general_register_disappearing_link(&places[i], node) == GC_DUPLICATE);
    if (i % 2 == 0)
      linked[i] = node;
  }
}

static void test_links(void) {
  make_links(links);
  EXPECT(GC_unregister_disappearing_link(&links[0]) == 1);
  EXPECT(GC_unregister_disappearing_link(&links[0]) == 0);
  collect();
  unsigned cleared = 0;
  for (unsigned i = 0; i < MANY; i++) {
    if (linked[i] != NULL)
      EXPECT(links[i] == (void *)GC_HIDE_POINTER(linked[i]));
    else
      cleared += links[i] == NULL;
  }
  EXPECT(cleared >= MANY / 2 - MOST_KEPT);
  memset(linked, 0, sizeof linked);
}

static __attribute__((noinline)) void make_typed(void **places) {
  GC_word bitmap[GC_BITMAP_SIZE(struct node)] = {0};
  GC_set_bit(bitmap, GC_WORD_OFFSET(struct node, next));
  GC_descr descriptor = GC_make_descriptor(bitmap, GC_WORD_LEN(struct node));
  struct node *node = GC_malloc_explicitly_typed(sizeof *node, descriptor);
  kept = node;
  node->next = make_list(1);
  struct node *other = make_list(1);
  places[0] = (void *)GC_HIDE_POINTER(node->next);
  places[1] = (void *)GC_HIDE_POINTER(other);
  GC_general_register_disappearing_link(&places[0], node->next);
  GC_general_register_disappearing_link(&places[1], other);
}

static void test_typed(void) {
  static void *places[2];
  make_typed(places);
  collect();
  EXPECT(places[0] == (void *)GC_HIDE_POINTER(((struct node *)kept)->next));
}

static void test_memory_comes_back(void) {
  make_list(1000);
  collect();
  size_t before = GC_get_heap_size();
  for (unsigned i = 0; i < 2000; i++) {
    char *object = GC_MALLOC(10000);
    object[0] = 1;
    object = GC_MALLOC_ATOMIC(10000);
    object[0] = 1;
  }
  EXPECT(GC_get_heap_size() < before + (32u << 20));
  EXPECT(GC_get_total_bytes() >= 2000u * 20000u);
}

static void test_disabled(void) {
  GC_disable();
  EXPECT(GC_is_disabled());
  GC_word before = GC_get_gc_no();
  GC_gcollect();
  make_list(1000);
  EXPECT(GC_get_gc_no() == before);
  GC_enable();
  EXPECT(!GC_is_disabled());
  GC_gcollect();
  EXPECT(GC_get_gc_no() > before);
}

int main(void) {
  GC_INIT();
  GC_allow_register_threads();
  test_allocating();
  test_resizing();
  test_many();
  test_reachable_stays();
  test_uncollectable();
  test_threads();
  test_finalizers();
  test_order();
  test_no_order_on_demand();
  test_finalizing_all();
  test_links();
  test_typed();
  test_memory_comes_back();
  test_disabled();
  return 0;
}
