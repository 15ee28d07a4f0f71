/*
 * bump: a heap that never takes anything back, to be preloaded. It is the floor of what any heap can cost, and it
 * calibrates the loops of instructions.c: whatever another heap costs above this one is the heap's own work.
 */
#include <stddef.h>
#include <stdint.h>

#define BUMP_API __attribute__((visibility("default")))

enum { ARENA_BYTES = 1 << 28, ALIGNMENT = 16 };

static char arena[ARENA_BYTES] __attribute__((aligned(16)));
/* Between them what is still free; for one thread only. The end could be written by another file for all the compiler
 * knows, so it is loaded, not computed. */
static char *arena_next = arena;
extern char *arena_end __attribute__((visibility("hidden")));
char *arena_end = arena + ARENA_BYTES;

BUMP_API void *malloc(size_t size);
BUMP_API void *calloc(size_t count, size_t size);
BUMP_API void *realloc(void *pointer, size_t size);
BUMP_API void free(void *pointer);

void *malloc(size_t size) {
  char *object = arena_next;
  char *next = object + ((size + (ALIGNMENT - 1)) & ~(size_t)(ALIGNMENT - 1));
  if (next > arena_end)
    return NULL;
  arena_next = next;
  return object;
}

/* Fresh pages are zero and nothing is used twice. */
void *calloc(size_t count, size_t size) {
  return malloc(count * size);
}

/* The old object's size is not known; what lies behind it up to the new size is ours to read. */
void *realloc(void *pointer, size_t size) {
  char *object = malloc(size);
  if (object == NULL || pointer == NULL)
    return object;
  const char *old = pointer;
  for (size_t i = 0; i < size && old + i < object; i++)
    object[i] = old[i];
  return object;
}

void free(void *pointer) {
  (void)pointer;
}
