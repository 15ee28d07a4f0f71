/*
 * gc_more.c: what bdwgc's library exports beside the names that programs use: of its headers for experts, and of its own
 * rooms, because its tests use them. See gc/gc.h, gc/gc_mark.h, gc/gc_disclaim.h, gc/javaxfc.h.
 */
#include "api/gc_api.h"
#include "api/gc_hooks.h"
#include "collect/mark.h"
#include "gc/gc_disclaim.h"
#include "gc/gc_gcj.h"
#include "heap/size_class.h"
#include "heap/span.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

/* ---- Printing ---- */

#define LINE_BYTES 1024

__attribute__((format(printf, 2, 0))) static void print_to(int file, const char *format, va_list arguments) {
  char line[LINE_BYTES];
  int length = vsnprintf(line, sizeof line, format, arguments);
  size_t bytes = length < 0 ? 0 : (size_t)length < sizeof line ? (size_t)length : sizeof line - 1;
  ssize_t written = write(file, line, bytes);
  (void)written; /* nobody to tell */
}
#define PRINTER(name, file)                                                                                          \
  EXPORTED __attribute__((format(printf, 1, 2))) void name(const char *format, ...) {                                \
    va_list arguments;                                                                                               \
    va_start(arguments, format);                                                                                     \
    print_to(file, format, arguments);                                                                               \
    va_end(arguments);                                                                                               \
  }
PRINTER(GC_printf, STDOUT_FILENO)
PRINTER(GC_err_printf, STDERR_FILENO)
PRINTER(GC_log_printf, STDERR_FILENO)

/* ---- Pointers ---- */

EXPORTED void (*GC_same_obj_print_proc)(void *one, void *other);
EXPORTED void (*GC_is_valid_displacement_print_proc)(void *address);
EXPORTED void (*GC_is_visible_print_proc)(void *address);

EXPORTED void GC_noop1(GC_word word) {
  __asm__ volatile("" ::"r"(word));
}
EXPORTED void *GC_pre_incr(void **pointer, ptrdiff_t bytes) {
  return *pointer = (char *)*pointer + bytes;
}
EXPORTED void *GC_post_incr(void **pointer, ptrdiff_t bytes) {
  void *before = *pointer;
  *pointer = (char *)before + bytes;
  return before;
}
/* Nothing has to be told of a store: which pages were written, the kernel knows. */
EXPORTED void GC_ptr_store_and_dirty(void *to, const void *pointer) {
  *(const void *volatile *)to = pointer;
}
EXPORTED void GC_change_stubborn(const void *object) {
  (void)object;
}
EXPORTED void GC_end_stubborn_change(const void *object) {
  __asm__ volatile("" ::"r"(object) : "memory"); /* it is reachable up to here */
}

/* ---- Objects ---- */

EXPORTED size_t GC_get_size_map_at(int granule_bytes) {
  if (granule_bytes < 0 || (size_t)granule_bytes > SMALL_MAX_BYTES)
    return (size_t)-1;
  return class_bytes[size_class((size_t)granule_bytes)] / GRANULE;
}
/* What was handed out is counted where it is. */
EXPORTED void GC_incr_bytes_allocd(size_t bytes) {
  (void)bytes;
}
EXPORTED void GC_incr_bytes_freed(size_t bytes) {
  (void)bytes;
}
EXPORTED void GC_register_describe_type_fn(int kind, GC_describe_type_fn describe) {
  (void)kind, (void)describe;
}

/* Called under the lock (GC_call_with_alloc_lock): those that live as far as the last collection knows. */
EXPORTED void GC_enumerate_reachable_objects_inner(void (*visit)(void *object, size_t bytes, void *data),
                                                   void *data) {
  for (size_t slice = 0; slice < space_slice_limit; slice++) {
    struct span *span = space_table[slice];
    if (span->first_slice != slice)
      continue;
    if (span->kind == FH_SPAN_LARGE)
      visit((void *)span->start, span->object_bytes, data);
    for (uint32_t i = 0; span->kind == FH_SPAN_SMALL && i < span->capacity; i++)
      if (span_slot_is_live(span, i))
        visit((void *)(span->start + i * span->object_bytes), span->object_bytes, data);
  }
}

/* ---- A last word ---- */

static struct {
  GC_disclaim_proc procedure;
  bool mark_from_all;
} disclaims[KIND_MOST]; /* by the collector's kinds; written under the lock */

/* In a sweep, under the lock of the objects' heap. */
static uint64_t ask_for_last_word(const struct span *span, unsigned word, uint64_t dead) {
  GC_disclaim_proc procedure = disclaims[span->collect_kind].procedure;
  uint64_t kept = 0;
  for (uint64_t bits = procedure != NULL ? dead : 0; bits != 0; bits &= bits - 1) {
    unsigned bit = (unsigned)__builtin_ctzll(bits);
    if (procedure((void *)(span->start + (word * 64 + bit) * span->object_bytes)) != 0)
      kept |= (uint64_t)1 << bit;
  }
  return kept;
}

EXPORTED void GC_register_disclaim_proc(int kind, GC_disclaim_proc procedure, int mark_from_all) {
  collect_finish_sweep(false); /* the procedure is for what dies from now on */
  bool entered = collect_lock();
  disclaims[gc_kind_in(kind)].procedure = procedure;
  disclaims[gc_kind_in(kind)].mark_from_all = mark_from_all != 0;
  collected.last_word = ask_for_last_word;
  collect_unlock(entered);
}

/* While the world stands still and everything reachable is marked: what the dead point to is there for their last word. */
static void mark_what_dead_reach(struct span *span) {
  if (!disclaims[span->collect_kind].mark_from_all)
    return;
  if (span->kind == FH_SPAN_LARGE && !mark_is_set(span->start))
    mark_contents(span->start);
  for (uint32_t i = 0; span->kind == FH_SPAN_SMALL && i < span->capacity; i++) {
    uintptr_t start = span->start + i * span->object_bytes;
    if (span_slot_is_live(span, i) && !mark_is_set(start))
      mark_contents(start);
  }
}
void gc_disclaim_in_pause(void) {
  if (collected.last_word == NULL)
    return;
  for (size_t slice = 0; slice < space_slice_limit; slice++)
    if (space_table[slice]->first_slice == slice)
      mark_what_dead_reach(space_table[slice]);
  mark_drain();
}

/* A finalizer that comes with the object. It is called while what the object points to is still there, so that of a cycle
 * of such objects none ever goes. */
EXPORTED void GC_init_finalized_malloc(void) {
  collect_start();
  /* Clients with objects of that kind of their own point behind their first word. */
  GC_register_displacement(sizeof(GC_word));
}
static void call_closure(void *object, void *closure) {
  const struct GC_finalizer_closure *given = closure;
  given->proc(object, given->cd);
}
EXPORTED void *GC_finalized_malloc(size_t bytes, const struct GC_finalizer_closure *closure) {
  void *object = GC_malloc(bytes);
  if (object != NULL)
    GC_register_finalizer(object, call_closure, (void *)(uintptr_t)closure, NULL, NULL);
  return object;
}

/* ---- Objects with a type ---- */

EXPORTED int GC_gcj_kind, GC_gcj_debug_kind;

/* The descriptor is the second word of what the object's first word points to; see mark.c. */
#define DESCRIPTOR_OF_TYPE ((GC_word) - (GC_signed_word)(sizeof(GC_word) + 0x10) | DESCRIPTOR_PER_OBJECT)

EXPORTED void GC_init_gcj_malloc(int number, void *procedure) {
  (void)number, (void)procedure; /* no object here has a head of the debugger's that it would be for */
  bool entered = collect_lock();
  if (GC_gcj_kind == 0)
    GC_gcj_kind = GC_gcj_debug_kind = (int)collect_new_kind(DESCRIPTOR_OF_TYPE, false, true);
  collect_unlock(entered);
}
EXPORTED void *GC_gcj_malloc(size_t bytes, void *type) {
  void **object = collect_allocate(bytes > sizeof type ? bytes : sizeof type, (unsigned)GC_gcj_kind);
  if (object == NULL)
    return gc_without_memory(bytes);
  *object = type;
  return object;
}
EXPORTED void *GC_gcj_malloc_ignore_off_page(size_t bytes, void *type) {
  return GC_gcj_malloc(bytes, type);
}
EXPORTED void *GC_debug_gcj_malloc(size_t bytes, void *type, const char *file, int line) {
  (void)file, (void)line;
  return GC_gcj_malloc(bytes, type);
}
EXPORTED void *GC_debug_malloc_stubborn(size_t bytes, const char *file, int line) {
  (void)file, (void)line;
  return GC_malloc(bytes);
}

/* ---- Threads that stand still ---- */

/* With glibc a thread is known by its thread pointer. */
EXPORTED void GC_suspend_thread(pthread_t thread) {
  if (!collect_suspend_thread((uintptr_t)thread))
    gc_warn("thread %lx can't be suspended: it is the calling one, has ended, or blocks all signals\n",
            (GC_word)thread);
}
EXPORTED void GC_resume_thread(pthread_t thread) {
  collect_resume_thread((uintptr_t)thread);
}
EXPORTED int GC_is_thread_suspended(pthread_t thread) {
  return collect_thread_is_suspended((uintptr_t)thread);
}

static bool world_stopped;
EXPORTED void GC_stop_world_external(void) {
  world_stopped = collect_stop_world();
  if (!world_stopped)
    gc_warn("not all threads could be stopped (%lu)\n", 0);
}
EXPORTED void GC_start_world_external(void) {
  if (world_stopped)
    collect_start_world();
}
