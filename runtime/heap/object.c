#include "heap/object.h"
#include "heap/sampled.h"
#include "heap/vault.h"

static COLD struct object object_of_vault(uintptr_t address) {
  struct object object = {.kind = OBJECT_FOREIGN};
  struct vault_place place = vault_look(address);
  if (place.vault == NULL)
    return object;
  object.vault = place.vault;
  object.kind = OBJECT_NOWHERE;
  if (place.where != VAULT_IN_OBJECT)
    return object;
  object.live = true;
  object.start = place.object;
  object.bytes = place.object_bytes;
  object.kind = object.start == address ? OBJECT_VAULT : OBJECT_INTERIOR;
  return object;
}

static COLD struct object sampled_at(uintptr_t address) {
  struct object object = {.kind = OBJECT_NOWHERE};
  const struct sampled_object *sampled = sampled_find(address);
  if (sampled == NULL || sampled->start != address)
    return object;
  object.kind = OBJECT_SAMPLED;
  object.live = sampled_state(sampled) == SAMPLED_LIVE;
  object.start = address;
  object.bytes = sampled->bytes;
  return object;
}

struct object object_at(const void *pointer) {
  uintptr_t address = (uintptr_t)pointer;
  if (!space_contains(address))
    return UNLIKELY(sampled_contains(address)) ? sampled_at(address) : object_of_vault(address);
  struct object object = object_place(address);
  if (object.span == NULL)
    return object;
  if (object.span->kind == FH_SPAN_SMALL) {
    object.live = span_slot_is_live(object.span, object.index);
  } else {
    object.live = address - object.start < object.bytes;
    if (!object.live)
      object.kind = OBJECT_NOWHERE;
  }
  return object;
}
