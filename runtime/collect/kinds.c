#include "collect/kinds.h"
#include "base/lock.h"
#include "heap/thread.h"

struct kind_rule kind_rules[KIND_MOST] = {
    [KIND_SCANNED] = {.descriptor = DESCRIPTOR_LENGTH, .add_size = true, .zeroed = true},
    [KIND_ATOMIC] = {0},
    [KIND_UNCOLLECTABLE] = {.descriptor = DESCRIPTOR_LENGTH, .add_size = true, .zeroed = true},
    [KIND_ATOMIC_UNCOLLECTABLE] = {0},
    [KIND_TYPED] = {.last_word = true, .zeroed = true},
};
collect_procedure kind_procedures[PROCEDURES_MOST];

static struct lock kinds_lock;
static unsigned kind_count = KIND_CLIENT_FIRST;
static unsigned procedure_count;

static bool give_heap(unsigned kind, uint8_t flags) {
  struct heap *heap = heap_create_own();
  if (heap == NULL)
    return false;
  heap->collect_kind = (uint8_t)kind;
  heap->collect_flags = flags;
  heap->own = true;
  kind_rules[kind].heap = heap;
  return true;
}

bool kinds_start(void) {
  return give_heap(KIND_ATOMIC, 0) && give_heap(KIND_UNCOLLECTABLE, COLLECT_KEPT) &&
         give_heap(KIND_ATOMIC_UNCOLLECTABLE, COLLECT_KEPT) && give_heap(KIND_TYPED, 0);
}

unsigned collect_new_kind(uintptr_t descriptor, bool add_size, bool zeroed) {
  if (!collect_start())
    return 0;
  lock_take(&kinds_lock);
  unsigned kind = 0;
  if (kind_count < KIND_MOST && give_heap(kind_count, 0)) {
    kind = kind_count;
    kind_rules[kind].descriptor = descriptor;
    kind_rules[kind].add_size = add_size;
    kind_rules[kind].zeroed = zeroed;
    kind_count++;
  }
  lock_drop(&kinds_lock);
  return kind;
}

void collect_set_procedure(int number, collect_procedure procedure) {
  kind_procedures[number] = procedure;
}

int collect_new_procedure(collect_procedure procedure) {
  lock_take(&kinds_lock);
  int number = -1;
  if (procedure_count < PROCEDURES_MOST) {
    number = (int)procedure_count++;
    kind_procedures[number] = procedure;
  }
  lock_drop(&kinds_lock);
  return number;
}
