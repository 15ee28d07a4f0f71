#include "collect/weak.h"
#include "collect/table.h"

struct link {
  uintptr_t at;     /* the key */
  uintptr_t object; /* the start of it */
};

static struct table tables[WEAK_KINDS] = {{.record_bytes = sizeof(struct link)},
                                          {.record_bytes = sizeof(struct link)}};

enum weak_result weak_register(enum weak_kind kind, void **link, const void *object) {
  struct collect_object found;
  if (!collect_object_at(object, &found))
    return WEAK_DONE; /* what is never freed needs no clearing */
  bool entered = collect_lock();
  struct link *record = table_find(&tables[kind], (uintptr_t)link);
  enum weak_result result = WEAK_KNOWN;
  if (record == NULL) {
    record = table_add(&tables[kind], (uintptr_t)link);
    result = record != NULL ? WEAK_DONE : WEAK_NO_MEMORY;
  }
  if (record != NULL)
    record->object = found.start;
  collect_unlock(entered);
  return result;
}

bool weak_unregister(enum weak_kind kind, void **link) {
  bool entered = collect_lock();
  struct link *record = table_find(&tables[kind], (uintptr_t)link);
  if (record != NULL)
    table_remove(&tables[kind], record);
  collect_unlock(entered);
  return record != NULL;
}

enum weak_result weak_move(enum weak_kind kind, void **link, void **new_link) {
  bool entered = collect_lock();
  struct link *record = table_find(&tables[kind], (uintptr_t)link);
  enum weak_result result = record == NULL ? WEAK_UNKNOWN : WEAK_DONE;
  if (record != NULL && link != new_link) {
    uintptr_t object = record->object;
    if (table_find(&tables[kind], (uintptr_t)new_link) != NULL) {
      result = WEAK_KNOWN;
    } else {
      table_remove(&tables[kind], record);
      struct link *moved = table_add(&tables[kind], (uintptr_t)new_link);
      if (moved != NULL)
        moved->object = object;
      else
        result = WEAK_NO_MEMORY;
    }
  }
  collect_unlock(entered);
  return result;
}

/* The object that a link lies in was found dead. */
static bool holder_is_dead(uintptr_t at) {
  struct collect_object holder;
  return collect_object_at((const void *)at, &holder) && !mark_is_set(holder.start);
}

void weak_clear(enum weak_kind kind) {
  struct table *table = &tables[kind];
  for (size_t i = 0; i < table->capacity; i++) {
    struct link *link = table_at(table, i);
    if (link == NULL)
      continue;
    if (holder_is_dead(link->at)) {
      table_remove(table, link);
    } else if (!mark_is_set(link->object)) {
      *(void **)link->at = NULL;
      table_remove(table, link);
    }
  }
}
