/* gc_collect.c: starting, collecting, and what is called when something happens; see gc/gc.h. */
#include "api/gc_api.h"
#include "api/gc_hooks.h"
#include "base/options.h"
#include "base/print.h"
#include "collect/cycle.h"
#include "heap/start.h"
#include "space/space.h"

#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

/* ---- What is called ---- */

static void *no_object(size_t size) {
  (void)size;
  return NULL;
}
EXPORTED GC_oom_func GC_oom_fn = no_object;
static GC_warn_proc warn_proc;
static GC_start_callback_proc start_callback;
static GC_on_collection_event_proc event_proc;
static GC_stop_func stop_func;

static void abort_default(const char *message) {
  if (message != NULL)
    warn(message, NULL);
}
EXPORTED GC_abort_func GC_on_abort = abort_default;

void *gc_without_memory(size_t size) {
  return GC_oom_fn(size);
}
void GC_set_oom_fn(GC_oom_func function) {
  GC_oom_fn = function;
}
GC_oom_func GC_get_oom_fn(void) {
  return GC_oom_fn;
}
void GC_abort_on_oom(void) {
  if (GC_on_abort != NULL)
    GC_on_abort("out of memory");
  abort();
}
void GC_set_abort_func(GC_abort_func function) {
  GC_on_abort = function;
}
GC_abort_func GC_get_abort_func(void) {
  return GC_on_abort;
}

static void warn_default(char *message, GC_word argument) {
  struct text number;
  text_clear(&number);
  text_add_decimal(&number, argument);
  text_add_bytes(&number, "", 1);
  warn("collector: ", message, " (", number.bytes, ")", NULL);
}
void gc_warn(const char *message, GC_word argument) {
  (warn_proc != NULL ? warn_proc : warn_default)((char *)(uintptr_t)message, argument);
}
void GC_set_warn_proc(GC_warn_proc function) {
  warn_proc = function;
}
GC_warn_proc GC_get_warn_proc(void) {
  return warn_proc != NULL ? warn_proc : warn_default;
}
void GC_ignore_warn_proc(char *message, GC_word argument) {
  (void)message, (void)argument;
}

static void tell(GC_EventType event) {
  if (event_proc != NULL)
    event_proc(event);
}
static void cycle_began(void) {
  gc_note_freed();
  tell(GC_EVENT_START);
  if (start_callback != NULL)
    start_callback();
}
static void world_resumed(void) {
  gc_world_resumed();
  tell(GC_EVENT_RECLAIM_END);
  tell(GC_EVENT_END);
}
void GC_set_start_callback(GC_start_callback_proc function) {
  start_callback = function;
}
GC_start_callback_proc GC_get_start_callback(void) {
  return start_callback;
}
void GC_set_on_collection_event(GC_on_collection_event_proc function) {
  event_proc = function;
}
GC_on_collection_event_proc GC_get_on_collection_event(void) {
  return event_proc;
}

/* ---- Starting ---- */

/* Digits with a suffix k, m or g. */
static size_t size_of(const char *text) {
  char *end;
  size_t size = strtoul(text, &end, 10);
  unsigned shift = *end == 'k' || *end == 'K'   ? 10
                   : *end == 'm' || *end == 'M' ? 20
                   : *end == 'g' || *end == 'G' ? 30
                                                : 0;
  return size << shift;
}

static void read_environment(void) {
  const char *value;
  if ((value = getenv("GC_INITIAL_HEAP_SIZE")) != NULL)
    collect_settings.heap_initial = size_of(value);
  if ((value = getenv("GC_MAXIMUM_HEAP_SIZE")) != NULL)
    GC_set_max_heap_size(size_of(value));
  if ((value = getenv("GC_MARKERS")) != NULL)
    collect_settings.markers = (unsigned)strtoul(value, NULL, 10);
  if ((value = getenv("GC_FREE_SPACE_DIVISOR")) != NULL)
    GC_set_free_space_divisor(strtoul(value, NULL, 10));
  if ((value = getenv("GC_PRINT_STATS")) != NULL && strcmp(value, "0") != 0)
    options.gc_log = true;
  if (getenv("GC_PRINT_VERBOSE_STATS") != NULL)
    options.gc_log = options.verbose = true;
  if (getenv("GC_DONT_GC") != NULL)
    GC_disable();
  if (getenv("GC_ENABLE_INCREMENTAL") != NULL)
    collect_beside();
}

static bool initialized;

void GC_init(void) {
  if (initialized)
    return;
  initialized = true;
  collect_hooks.began = cycle_began;
  collect_hooks.more_roots = gc_push_roots;
  collect_hooks.marked = gc_finalize_in_pause;
  collect_hooks.resumed = world_resumed;
  collect_hooks.ended = gc_finalize_after_cycle;
  collect_start();
  GC_least_plausible_heap_addr = (void *)space_base;
  GC_greatest_plausible_heap_addr = (void *)(space_base + space.slice_capacity * SLICE_BYTES);
  collect_settings.interior = GC_all_interior_pointers != 0;
  collect_settings.library_roots = GC_no_dls == 0;
  read_environment();
  cycle_set_allowance(collect_settings.heap_initial);
}
__attribute__((constructor(104))) static void library_loaded(void) {
  GC_init();
}
int GC_is_init_called(void) {
  return initialized;
}
void GC_deinit(void) {}
unsigned GC_get_version(void) {
  return (unsigned)(GC_VERSION_MAJOR << 16 | GC_VERSION_MINOR << 8 | GC_VERSION_MICRO);
}

/* ---- Collecting ---- */

void GC_gcollect(void) {
  collect_now();
}
void GC_gcollect_and_unmap(void) {
  collect_now();
  collect_finish_sweep(true);
}
int GC_try_to_collect(GC_stop_func stop) {
  return stop() ? 0 : collect_now();
}
void GC_set_stop_func(GC_stop_func stop) {
  stop_func = stop;
}
GC_stop_func GC_get_stop_func(void) {
  return stop_func;
}
int GC_collect_a_little(void) {
  return collect_a_little(false);
}
EXPORTED int GC_dont_gc;
void GC_disable(void) {
  __atomic_fetch_add(&GC_dont_gc, 1, __ATOMIC_RELAXED);
  collect_disable();
}
void GC_enable(void) {
  __atomic_fetch_sub(&GC_dont_gc, 1, __ATOMIC_RELAXED);
  collect_enable();
}
int GC_is_disabled(void) {
  return collect_is_disabled();
}
void GC_enable_incremental(void) {
  GC_init();
  collect_beside();
}
int GC_is_incremental_mode(void) {
  return collect_is_beside();
}
void GC_start_incremental_collection(void) {
  collect_a_little(true);
}
int GC_incremental_protection_needs(void) {
  return GC_PROTECTS_NONE;
}
void GC_set_max_heap_size(GC_word bytes) {
  options.limit = bytes;
}
int GC_expand_hp(size_t bytes) {
  collect_settings.heap_initial = GC_get_heap_size() + bytes;
  cycle_set_allowance(bytes);
  return 1;
}
void *GC_call_with_alloc_lock(GC_fn_type function, void *data) {
  bool entered = collect_lock();
  void *result = function(data);
  collect_unlock(entered);
  return result;
}
static __thread bool lock_entered;
void GC_alloc_lock(void) {
  lock_entered = collect_lock();
}
void GC_alloc_unlock(void) {
  collect_unlock(lock_entered);
}
