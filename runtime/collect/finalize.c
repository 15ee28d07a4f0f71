#include "collect/finalize.h"
#include "collect/mark.h"
#include "collect/table.h"
#include "collect/weak.h"
#include "reach/sequence.h"

#include <string.h>

struct record {
  uintptr_t object; /* the key */
  struct finalize_pair pair;
  uint32_t mode;  /* enum finalize_mode */
  uint32_t ready; /* in the pause: its turn has come */
};

static struct table table = {.record_bytes = sizeof(struct record)};
/* First in, first out. Cycle lock. */
static struct sequence ready = SEQUENCE_OF(struct record);
static size_t ready_first;

bool finalize_register(void *object, struct finalize_pair wanted, enum finalize_mode mode,
                       struct finalize_pair *old) {
  struct collect_object found;
  memset(old, 0, sizeof *old);
  if (!collect_object_at(object, &found) || found.start != (uintptr_t)object)
    return true;
  bool entered = collect_lock();
  struct record *record = table_find(&table, found.start);
  bool enough = true;
  if (record != NULL)
    *old = record->pair;
  if (record != NULL && wanted.function == NULL) {
    table_remove(&table, record);
  } else if (wanted.function != NULL) {
    if (record == NULL)
      record = table_add(&table, found.start);
    enough = record != NULL;
    if (enough) {
      record->pair = wanted;
      record->mode = mode;
    }
  }
  collect_unlock(entered);
  return enough;
}

void finalize_mark_roots(void) {
  for (size_t i = 0; i < table.capacity; i++) {
    const struct record *record = table_at(&table, i);
    if (record != NULL)
      mark_object((uintptr_t)record->pair.data);
  }
  for (size_t i = ready_first; i < ready.count; i++) {
    const struct record *record = sequence_at(&ready, i);
    mark_object(record->object);
    mark_object((uintptr_t)record->pair.data);
  }
}

/* What an object points to, but for itself. */
static void mark_others(uintptr_t start) {
  struct collect_object object;
  if (!collect_object_at((const void *)start, &object) || object.kind == KIND_ATOMIC)
    return;
  for (size_t at = 0; at < object.bytes; at += sizeof(uintptr_t)) {
    uintptr_t word = *(const uintptr_t *)(start + at);
    if (word - start >= object.bytes)
      mark_object(word);
  }
}

static void mark_reached_from(const struct record *record) {
  if (record->mode == FINALIZE_ORDERED)
    mark_contents(record->object);
  else if (record->mode == FINALIZE_IGNORE_SELF)
    mark_others(record->object);
  mark_drain();
}

void finalize_find(void) {
  for (size_t i = 0; i < table.capacity; i++) {
    struct record *record = table_at(&table, i);
    if (record != NULL && !mark_is_set(record->object))
      mark_reached_from(record);
  }
  bool any = false;
  for (size_t i = 0; i < table.capacity; i++) {
    struct record *record = table_at(&table, i);
    if (record == NULL)
      continue;
    record->ready = !mark_is_set(record->object);
    any |= record->ready != 0;
  }
  if (!any)
    return;
  /* What those reach whose order is free stays for them; so one of the last mode that they reach has to wait. */
  for (size_t i = 0; i < table.capacity; i++) {
    struct record *record = table_at(&table, i);
    if (record != NULL && record->ready && record->mode != FINALIZE_UNREACHABLE)
      mark_object(record->object);
  }
  mark_drain();
  for (size_t i = 0; i < table.capacity; i++) {
    struct record *record = table_at(&table, i);
    if (record == NULL || !record->ready)
      continue;
    record->ready = 0;
    if (record->mode == FINALIZE_UNREACHABLE && mark_is_set(record->object))
      continue;
    struct record *waiting = sequence_push(&ready);
    mark_object(record->object);
    if (waiting == NULL)
      continue; /* no memory: found again next time */
    *waiting = *record;
    table_remove(&table, record);
  }
  mark_drain();
}

size_t finalize_waiting(void) {
  bool entered = collect_lock();
  size_t waiting = ready.count - ready_first;
  collect_unlock(entered);
  return waiting;
}

/* Cycle lock. */
static bool take_waiting(struct record *record) {
  if (ready_first == ready.count)
    return false;
  *record = *(const struct record *)sequence_at(&ready, ready_first++);
  if (ready_first == ready.count) {
    sequence_clear(&ready);
    ready_first = 0;
  }
  return true;
}

/* Cycle lock. Begins where it ended last, so that taking all of them one by one looks at each place once. */
static bool take_registered(struct record *record) {
  static size_t place;
  if (table.count == 0)
    return false;
  struct record *found;
  do {
    place = place + 1 < table.capacity ? place + 1 : 0;
    found = table_at(&table, place);
  } while (found == NULL);
  *record = *found;
  table_remove(&table, found);
  return true;
}

/* The record is on the caller's stack, and so a root, before anything else could forget the object. */
static bool take_next(struct record *record, bool registered_too) {
  bool entered = collect_lock();
  bool some = take_waiting(record) || (registered_too && take_registered(record));
  collect_unlock(entered);
  return some;
}

static size_t run(bool registered_too) {
  static __thread bool running;
  if (running)
    return 0;
  running = true;
  size_t count = 0;
  for (struct record record; take_next(&record, registered_too); count++)
    record.pair.function((void *)record.object, record.pair.data);
  running = false;
  return count;
}

size_t finalize_run(void) {
  return run(false);
}

size_t finalize_run_all(void) {
  return run(true);
}

size_t finalize_registered(void) {
  return table.count;
}
