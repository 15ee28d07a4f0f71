#include "check/object.h"
#include "check/records.h"
#include "heap/object.h"

ALWAYS_INLINE struct checked place_in(struct object_record *record, uintptr_t address) {
  struct checked checked = {.record = record};
  switch (__atomic_load_n(&record->state, __ATOMIC_ACQUIRE)) {
  case FH_OBJECT_LIVE:
    if (address < record->start)
      checked.where = CHECKED_BEFORE;
    else if (address - record->start < record->bytes || (record->bytes == 0 && address == record->start))
      checked.where = CHECKED_INSIDE;
    else
      checked.where = CHECKED_BEYOND;
    return checked;
  case FH_OBJECT_FREED:
    checked.where = CHECKED_FREED;
    return checked;
  default:
    return (struct checked){.where = CHECKED_EMPTY};
  }
}

/* How far the address is from the object's bytes. */
static uintptr_t distance(const struct object_record *record, uintptr_t address) {
  if (record == NULL || record->state == FH_OBJECT_NONE)
    return UINTPTR_MAX;
  if (address < record->start)
    return record->start - address;
  uintptr_t end = record->start + record->bytes;
  return address < end ? 0 : address - end;
}

/* Between two guarded objects lie pages of the first one's slot and of the second one's; what counts is which is nearer. */
static NOINLINE struct checked guarded_at(uintptr_t address) {
  struct object_record *nearest = guard_find(address);
  if (distance(nearest, address) != 0) {
    struct object_record *others[] = {guard_find_before(address), guard_find_behind(address)};
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
      if (distance(others[i], address) < distance(nearest, address))
        nearest = others[i];
  }
  return nearest != NULL ? place_in(nearest, address) : (struct checked){.where = CHECKED_EMPTY};
}

struct checked checked_at(uintptr_t address) {
  if (guard_contains(address))
    return guarded_at(address);
  if (!space_contains(address))
    return (struct checked){.where = CHECKED_NOWHERE};
  struct object object = object_place(address);
  if (object.span == NULL)
    return (struct checked){.where = CHECKED_EMPTY};
  struct object_record *record = records_find(object.span, object.index);
  /* A record of a slot of another size that this slice was cut in before, or none. */
  if (record == NULL || record->start < object.start || record->start - object.start > object.bytes)
    return (struct checked){.where = CHECKED_EMPTY};
  return place_in(record, address);
}

struct visit {
  bool (*visit)(void *context, struct object_record *record);
  void *context;
  bool go_on;
};

static bool visit_live(void *context, struct object_record *record) {
  struct visit *visit = context;
  if (record->state == FH_OBJECT_LIVE)
    visit->go_on = visit->visit(visit->context, record);
  return visit->go_on;
}

void checked_each_live(bool (*visit)(void *context, struct object_record *record), void *context) {
  struct visit state = {visit, context, true};
  guard_each(visit_live, &state);
  if (state.go_on)
    records_each(visit_live, &state);
}
