#include "access_fake.h"

#include "check/access.h"
#include "guard/guard.h"
#include "space/space.h"

#include <sys/mman.h>

struct fake fake;

enum { PAGE_BYTES = 4096, ARENA_BYTES = 1 << 20, OBJECTS_MOST = 512, GAP_BYTES = 256 };

static _Alignas(PAGE_BYTES) unsigned char arena[ARENA_BYTES];
static struct {
  unsigned char *start;
  size_t bytes;
} objects[OBJECTS_MOST];
static size_t object_count, arena_used = GAP_BYTES;

#ifdef FAKE_EVERYWHERE
uintptr_t guard_base = 4096; /* a null pointer points nowhere */
size_t guard_bytes = SIZE_MAX - 4096;
#else
uintptr_t guard_base;
size_t guard_bytes;
__attribute__((constructor(101))) static void start(void) {
  guard_base = (uintptr_t)arena;
  guard_bytes = ARENA_BYTES;
}
#endif
uintptr_t space_base;
size_t space_slice_limit;

static bool in_arena(const void *address) {
  return (uintptr_t)address - (uintptr_t)arena < ARENA_BYTES;
}

void *fake_object(size_t bytes) {
  unsigned char *start = arena + arena_used;
  arena_used += bytes + GAP_BYTES + (16 - bytes % 16) % 16;
  if (arena_used > ARENA_BYTES || object_count == OBJECTS_MOST)
    __builtin_trap();
  objects[object_count].start = start;
  objects[object_count++].bytes = bytes;
  return start;
}

void *fake_object_at_guard(size_t bytes) {
  arena_used = align_up(arena_used + bytes, PAGE_BYTES) - bytes;
  void *object = fake_object(bytes);
  void *guard = (char *)object + bytes;
  if (mprotect(guard, PAGE_BYTES, PROT_NONE) != 0)
    __builtin_trap();
  arena_used = (size_t)((unsigned char *)guard - arena) + PAGE_BYTES + GAP_BYTES;
  return object;
}

const void *fake_arena(void) {
  return arena;
}

void fake_forget(void) {
  fake = (struct fake){.count = 0};
}

size_t access_room(const void *address) {
  if (!in_arena(address))
    return SIZE_MAX;
  for (size_t i = 0; i < object_count; i++) {
    size_t offset = (uintptr_t)address - (uintptr_t)objects[i].start;
    if (offset < objects[i].bytes)
      return objects[i].bytes - offset;
  }
  return 0;
}

static void note(enum effect_kind kind, const char *call, struct stack_place place, const void *address,
                 size_t bytes) {
  if (!in_arena(address) || fake.count == FAKE_EFFECTS_MOST)
    return;
  fake.effects[fake.count].kind = kind;
  fake.effects[fake.count].address = address;
  fake.effects[fake.count++].bytes = bytes;
  fake.call = call;
  fake.pc = place.pc;
}

static void ask(enum effect_kind kind, const char *call, struct stack_place place, const void *address,
                size_t bytes) {
  if (bytes == 0)
    return;
  note(kind, call, place, address, bytes);
  fake.refused += access_room(address) < bytes;
}

void access_read(const char *call, struct stack_place place, const void *address, size_t bytes) {
  ask(EFFECT_READ, call, place, address, bytes);
}

void access_carry(const char *call, struct stack_place place, const void *address, size_t bytes) {
  ask(EFFECT_CARRY, call, place, address, bytes);
}

/* To the wrappers no other than a read. */
void access_text(const char *call, struct stack_place place, const void *address, size_t bytes) {
  ask(EFFECT_READ, call, place, address, bytes);
}

void access_done(void) {}

void access_write(const char *call, struct stack_place place, void *address, size_t bytes) {
  ask(EFFECT_WRITE, call, place, address, bytes);
}

size_t access_string(const char *call, struct stack_place place, const char *string, size_t most) {
  size_t room = access_room(string), length = 0;
  while (length < most && length < room && string[length] != 0)
    length++;
  note(EFFECT_STRING, call, place, string, length);
  fake.refused += length == room && length < most;
  return length;
}

void access_overlap(const char *call, struct stack_place place, const void *to, const void *from, size_t bytes) {
  (void)from;
  note(EFFECT_OVERLAP, call, place, to, bytes);
  fake.refused++;
}

void access_release(const void *address, size_t bytes) {
  note(EFFECT_RELEASE, NULL, (struct stack_place){0, 0, 0}, address, bytes);
}

void access_release_all(void) {
  note(EFFECT_RELEASE_ALL, NULL, (struct stack_place){0, 0, 0}, arena, 0);
}
