#include "fake_world.h"

#define STRETCH_BYTES (512 * MIB)
#define UNUSED_BYTES  4096 /* at the start, where a variable of this file points to */
#define OBJECTS_MOST  (4 * MIB)

static uintptr_t stretch, next;
static struct fake_object *objects;
static size_t count;
static struct reach_range excluded[3];

/* The object with the highest start that is not above `word`. */
static bool find(uintptr_t word, struct reach_object *object) {
  if (word - stretch >= STRETCH_BYTES || count == 0 || word < objects[0].start)
    return false;
  size_t low = 0, high = count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (objects[middle].start <= word)
      low = middle;
    else
      high = middle;
  }
  struct fake_object *found = &objects[low];
  if (word > found->start + found->bytes)
    return false;
  *object = (struct reach_object){.start = found->start, .bytes = found->bytes, .mark = &found->mark, .owner = found};
  return true;
}

struct reach_world fake_world = {.find = find, .excluded = excluded};

static void start(void) {
  if (stretch != 0)
    return;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  stretch = (uintptr_t)mmap(NULL, STRETCH_BYTES, PROT_READ | PROT_WRITE, flags, -1, 0);
  objects = mmap(NULL, OBJECTS_MOST * sizeof *objects, PROT_READ | PROT_WRITE, flags, -1, 0);
  EXPECT(stretch != (uintptr_t)MAP_FAILED && objects != MAP_FAILED);
  next = stretch + UNUSED_BYTES;
  excluded[0] = (struct reach_range){stretch, stretch + STRETCH_BYTES};
  excluded[1] = (struct reach_range){(uintptr_t)objects, (uintptr_t)(objects + OBJECTS_MOST)};
}

static hidden take(size_t bytes, size_t alignment) {
  start();
  next = align_up(next + 32,
                  alignment); /* what `next` was before may still be on the stack, and must not be an object */
  EXPECT(next + bytes + 16 <= stretch + STRETCH_BYTES && count < OBJECTS_MOST);
  objects[count] = (struct fake_object){.start = next, .bytes = bytes};
  next = align_up(next + bytes + 16, 16);
  return ~objects[count++].start;
}

NOINLINE hidden fake_object(size_t bytes) {
  return take(bytes, 16);
}

NOINLINE hidden fake_object_on_pages(size_t bytes) {
  hidden object = take(bytes, 4096);
  next = align_up(next, 4096);
  return object;
}

size_t fake_count(void) {
  return count;
}

struct fake_object *fake_number(size_t index) {
  return &objects[index];
}

NOINLINE struct fake_object *fake_of(hidden object) {
  struct reach_object found;
  EXPECT(find(~object, &found));
  return found.owner;
}

void fake_forget_all(void) {
  /* Addresses are not used again: stale ones are all over the stack. */
  if (stretch != 0)
    madvise((void *)stretch, next - stretch, MADV_DONTNEED);
  count = 0;
}

void fake_clear_marks(void) {
  for (size_t i = 0; i < count; i++)
    objects[i].mark = 0;
}

NOINLINE void fake_point(void *place, hidden object, ptrdiff_t offset) {
  *(volatile uintptr_t *)place = ~object + (uintptr_t)offset;
}

NOINLINE void fake_link(hidden from, size_t at, hidden to) {
  *(volatile uintptr_t *)(~from + at) = ~to;
}

NOINLINE void fake_unlink(hidden from, size_t at) {
  *(volatile uintptr_t *)(~from + at) = 0;
}

NOINLINE void fake_scrub(void) {
  volatile char used[16 * 1024];
  for (size_t i = 0; i < sizeof used; i++)
    used[i] = 0;
}

/* Below the frame of who marks, so that the address is not on the part of the stack that counts. */
NOINLINE static void say_why(const ucontext_t *here, hidden object) {
  struct reach_root root;
  struct reach_step step;
  fake_clear_marks();
  size_t length = reach_chain(&fake_world, here, ~object, &root, &step, 1);
  if (length != 0)
    fprintf(stderr, "kept by %s, %#lx, %zu steps\n", root.name, (unsigned long)root.at, length);
}

NOINLINE static bool reached(hidden object, bool why) {
  fake_clear_marks();
  ucontext_t here;
  reach_context(&here);
  reach_stop_most(NULL);
  bool whole = reach_mark(&fake_world, &here);
  if (why)
    say_why(&here, object);
  reach_resume_world();
  EXPECT(whole);
  reach_forget();
  return fake_of(object)->mark != 0;
}

/* The frame of who marks begins where it was scrubbed. */
NOINLINE bool fake_reached(hidden object) {
  fake_scrub();
  bool answer = reached(object, false);
  __asm__ volatile(""); /* no jump: this frame stays */
  return answer;
}

NOINLINE void fake_explain(hidden object) {
  fake_scrub();
  reached(object, true);
}
