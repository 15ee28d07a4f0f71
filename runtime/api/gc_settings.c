/* gc_settings.c: what a client sets and asks for, beyond what has an effect elsewhere; see gc/gc.h. Settings that only
 * make sense for another collector's way of working are kept, and have no effect. */
#include "api/gc_api.h"
#include "api/gc_hooks.h"
#include "base/options.h"
#include "space/kernel.h"

#define EXPORTED __attribute__((visibility("default")))

#define ACCESSORS(name, type)                                                                                        \
  void GC_set_##name(type value) {                                                                                   \
    GC_##name = value;                                                                                               \
  }                                                                                                                  \
  type GC_get_##name(void) {                                                                                         \
    return GC_##name;                                                                                                \
  }
#define KEPT(name, type, initial)                                                                                    \
  static type name = initial;                                                                                        \
  void GC_set_##name(type value) {                                                                                   \
    name = value;                                                                                                    \
  }                                                                                                                  \
  type GC_get_##name(void) {                                                                                         \
    return name;                                                                                                     \
  }

EXPORTED int GC_dont_expand, GC_dont_precollect, GC_find_leak, GC_parallel = 1, GC_full_freq = 19, GC_use_entire_heap;
EXPORTED GC_word GC_max_retries, GC_non_gc_bytes, GC_free_space_divisor = 3;
EXPORTED unsigned long GC_time_limit = 50;
EXPORTED GC_on_heap_resize_proc GC_on_heap_resize;

ACCESSORS(dont_expand, int)
ACCESSORS(dont_precollect, int)
ACCESSORS(find_leak, int)
ACCESSORS(full_freq, int)
ACCESSORS(max_retries, GC_word)
ACCESSORS(non_gc_bytes, GC_word)
ACCESSORS(time_limit, unsigned long)
ACCESSORS(on_heap_resize, GC_on_heap_resize_proc)
KEPT(disable_automatic_collection, int, 0)
KEPT(force_unmap_on_gcollect, int, 0)
KEPT(allocd_bytes_per_finalizer, GC_word, 10000)
KEPT(pages_executable, int, 0)
KEPT(min_bytes_allocd, size_t, 1)
KEPT(rate, int, 10)
KEPT(max_prior_attempts, int, 1)
KEPT(manual_vdb_allowed, int, 0)
KEPT(suspend_signal, int, 33)
KEPT(thr_restart_signal, int, 24)
KEPT(on_thread_event, GC_on_thread_event_proc, NULL)
KEPT(toggleref_func, GC_toggleref_func, NULL)

void GC_set_free_space_divisor(GC_word divisor) {
  GC_free_space_divisor = divisor != 0 ? divisor : 1;
  collect_settings.space_divisor = (unsigned)GC_free_space_divisor;
}
GC_word GC_get_free_space_divisor(void) {
  return GC_free_space_divisor;
}
void GC_set_time_limit_tv(struct GC_timeval_s limit) {
  GC_time_limit = limit.tv_ms;
}
struct GC_timeval_s GC_get_time_limit_tv(void) {
  return (struct GC_timeval_s){GC_time_limit, 0};
}
int GC_get_parallel(void) {
  return GC_parallel;
}
void GC_set_markers_count(unsigned count) {
  collect_settings.markers = count;
}
void GC_start_mark_threads(void) {}
void GC_set_handle_fork(int value) {
  (void)value; /* always handled */
}
void GC_atfork_prepare(void) {}
void GC_atfork_parent(void) {}
void GC_atfork_child(void) {}
void GC_set_log_fd(int descriptor) {
  (void)descriptor;
}

/* ---- Figures ---- */

static struct collect_accounts accounts_now(void) {
  struct collect_accounts now;
  collect_accounts_read(&now);
  return now;
}

EXPORTED GC_word GC_gc_no;
GC_word GC_get_gc_no(void) {
  return GC_gc_no = accounts_now().cycles;
}
size_t GC_get_heap_size(void) {
  return accounts_now().heap_bytes;
}
size_t GC_get_free_bytes(void) {
  return accounts_now().free_bytes;
}
size_t GC_get_unmapped_bytes(void) {
  return 0;
}
size_t GC_get_bytes_since_gc(void) {
  return accounts_now().allocated_since_cycle;
}
size_t GC_get_expl_freed_bytes_since_gc(void) {
  return gc_freed_since_cycle();
}
size_t GC_get_total_bytes(void) {
  return accounts_now().allocated_bytes;
}
size_t GC_get_obtained_from_os_bytes(void) {
  return accounts_now().heap_bytes;
}
size_t GC_get_memory_use(void) {
  struct collect_accounts now = accounts_now();
  return now.live_bytes_after + now.allocated_since_cycle;
}
void GC_get_heap_usage_safe(GC_word *heap_size, GC_word *free_bytes, GC_word *unmapped_bytes, GC_word *bytes_since_gc,
                            GC_word *total_bytes) {
  struct collect_accounts now = accounts_now();
  if (heap_size != NULL)
    *heap_size = now.heap_bytes;
  if (free_bytes != NULL)
    *free_bytes = now.free_bytes;
  if (unmapped_bytes != NULL)
    *unmapped_bytes = 0;
  if (bytes_since_gc != NULL)
    *bytes_since_gc = now.allocated_since_cycle;
  if (total_bytes != NULL)
    *total_bytes = now.allocated_bytes;
}
size_t GC_get_prof_stats(struct GC_prof_stats_s *stats, size_t size) {
  struct collect_accounts now = accounts_now();
  struct GC_prof_stats_s all = {
      .heapsize_full = now.heap_bytes,
      .free_bytes_full = now.free_bytes,
      .bytes_allocd_since_gc = now.allocated_since_cycle,
      .allocd_bytes_before_gc = now.allocated_bytes - now.allocated_since_cycle,
      .non_gc_bytes = GC_non_gc_bytes,
      .gc_no = now.cycles,
      .bytes_reclaimed_since_gc = now.reclaimed_bytes,
      .obtained_from_os_bytes = now.heap_bytes,
  };
  size_t filled = size < sizeof all ? size : sizeof all;
  __builtin_memcpy(stats, &all, filled);
  return filled;
}
size_t GC_get_prof_stats_unsafe(struct GC_prof_stats_s *stats, size_t size) {
  return GC_get_prof_stats(stats, size);
}
void GC_start_performance_measurement(void) {}
unsigned long GC_get_full_gc_total_time(void) {
  return accounts_now().pause_total / 1000000;
}
