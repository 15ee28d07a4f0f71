/* gc_roots.c: roots that a client adds or pushes, and how it takes part in marking; see gc/gc.h and gc/gc_mark.h. */
#include "api/gc_api.h"
#include "api/gc_hooks.h"
#include "collect/finalize.h"
#include "space/space.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int GC_all_interior_pointers = 1;
EXPORTED int GC_no_dls;
EXPORTED void *GC_least_plausible_heap_addr = (void *)sizeof(void *);
EXPORTED void *GC_greatest_plausible_heap_addr = (void *)UINTPTR_MAX;

static void push_nothing(void) {}
EXPORTED GC_push_other_roots_proc GC_push_other_roots = push_nothing;

void GC_set_push_other_roots(GC_push_other_roots_proc function) {
  GC_push_other_roots = function;
}
GC_push_other_roots_proc GC_get_push_other_roots(void) {
  return GC_push_other_roots;
}
static bool in_pause; /* cycle lock */
void gc_world_resumed(void) {
  in_pause = false;
}

void gc_push_roots(void) {
  in_pause = true;
  finalize_mark_roots();
  if (GC_push_other_roots != NULL)
    GC_push_other_roots();
}

void GC_add_roots(void *start, void *end) {
  if (!collect_add_roots((uintptr_t)start, (uintptr_t)end))
    gc_warn("no memory to add roots, at %lx\n", (GC_word)start);
}
void GC_remove_roots(void *start, void *end) {
  collect_remove_roots((uintptr_t)start, (uintptr_t)end);
}
void GC_clear_roots(void) {
  collect_clear_roots();
}
void GC_exclude_static_roots(void *start, void *end) {
  (void)start, (void)end; /* what counts in vain retains more, and frees nothing wrongly */
}
void GC_clear_exclusion_table(void) {}
void GC_register_has_static_roots_callback(GC_has_static_roots_func function) {
  (void)function;
}
int GC_is_tmp_root(void *address) {
  (void)address;
  return 0;
}

void GC_set_no_dls(int value) {
  GC_no_dls = value;
  collect_settings.library_roots = !value;
}
int GC_get_no_dls(void) {
  return GC_no_dls;
}
void GC_set_all_interior_pointers(int value) {
  GC_all_interior_pointers = value;
  collect_settings.interior = value != 0;
}
int GC_get_all_interior_pointers(void) {
  return GC_all_interior_pointers;
}
void GC_register_displacement(size_t offset) {
  if (!collect_register_displacement(offset))
    gc_warn("an object is known by its first 4096 bytes only, not at %lu\n", offset);
}

/* ---- In the pause ---- */

void GC_push_all(void *bottom, void *top) {
  mark_range((uintptr_t)bottom, (uintptr_t)top);
}
void GC_push_all_eager(void *bottom, void *top) {
  mark_range((uintptr_t)bottom, (uintptr_t)top);
}
void GC_push_conditional(void *bottom, void *top, int all) {
  (void)all;
  mark_range((uintptr_t)bottom, (uintptr_t)top);
}
void GC_push_finalizer_structures(void) {}
/* While the program runs: the object was found dead, and somebody has found it by a pointer in disguise. */
void GC_set_mark_bit(const void *object) {
  if (in_pause)
    mark_object((uintptr_t)object);
  else
    collected_spare(object);
}
int GC_is_marked(const void *object) {
  return mark_is_set((uintptr_t)object);
}
/* Entries of the mark stack are the collector's business: the pointers go through unchanged. */
struct GC_ms_entry *GC_mark_and_push(void *object, struct GC_ms_entry *stack, struct GC_ms_entry *limit,
                                     void **source) {
  (void)limit, (void)source;
  mark_object((uintptr_t)object);
  return stack;
}

/* ---- Kinds and procedures ---- */

static GC_mark_proc procedures[GC_MAX_MARK_PROCS];

/* The client's procedures want a stack to push to. */
static char no_stack[64 * 16];

#define PROCEDURE(number)                                                                                            \
  static void procedure_##number(uintptr_t *object, uintptr_t environment) {                                         \
    procedures[number](object, (struct GC_ms_entry *)(void *)no_stack,                                               \
                       (struct GC_ms_entry *)(void *)(no_stack + sizeof no_stack), environment);                     \
  }
#define EIGHT(OF, d) OF(d##0) OF(d##1) OF(d##2) OF(d##3) OF(d##4) OF(d##5) OF(d##6) OF(d##7)
#define ALL(OF)                                                                                                      \
  EIGHT(OF, 00) EIGHT(OF, 01) EIGHT(OF, 02) EIGHT(OF, 03) EIGHT(OF, 04) EIGHT(OF, 05) EIGHT(OF, 06) EIGHT(OF, 07)
ALL(PROCEDURE)
#define ENTRY(number) [number] = procedure_##number,
static const collect_procedure adapters[GC_MAX_MARK_PROCS] = {ALL(ENTRY)};

unsigned GC_new_proc_inner(GC_mark_proc procedure) {
  int number = collect_new_procedure(procedure != NULL ? adapters[0] : NULL);
  if (number < 0) {
    gc_warn("more than %lu mark procedures\n", GC_MAX_MARK_PROCS);
    return 0;
  }
  procedures[number] = procedure;
  collect_set_procedure(number, adapters[number]);
  return (unsigned)number;
}
unsigned GC_new_proc(GC_mark_proc procedure) {
  return GC_new_proc_inner(procedure);
}

/* Free lists are the heap's business; a client only hands the address on. */
static void *free_lists[KIND_MOST];
void **GC_new_free_list_inner(void) {
  return free_lists;
}
void **GC_new_free_list(void) {
  return free_lists;
}
unsigned GC_new_kind_inner(void **free_list, GC_word descriptor, int add_size, int clear) {
  (void)free_list;
  return collect_new_kind(descriptor, add_size != 0, clear != 0);
}
unsigned GC_new_kind(void **free_list, GC_word descriptor, int add_size, int clear) {
  return GC_new_kind_inner(free_list, descriptor, add_size, clear);
}

EXPORTED void *GC_is_visible(void *address) {
  return address;
}
EXPORTED void *GC_is_valid_displacement(void *address) {
  return address;
}
EXPORTED void *GC_same_obj(void *one, void *other) {
  (void)other;
  return one;
}
