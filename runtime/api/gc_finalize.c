/* gc_finalize.c: finalizers and disappearing links; see gc/gc.h. */
#include "api/gc_api.h"
#include "api/gc_hooks.h"
#include "collect/finalize.h"
#include "collect/weak.h"
#include "gc/javaxfc.h"

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int GC_finalize_on_demand;
EXPORTED int GC_java_finalization;
EXPORTED GC_finalizer_notifier_proc GC_finalizer_notifier;

static void set_finalizer(void *object, GC_finalization_proc function, void *data, enum finalize_mode mode,
                          GC_finalization_proc *old_function, void **old_data) {
  struct finalize_pair old;
  if (!finalize_register(object, (struct finalize_pair){function, data}, mode, &old)) {
    gc_without_memory(sizeof old);
    return;
  }
  if (old_function != NULL)
    *old_function = old.function;
  if (old_data != NULL)
    *old_data = old.data;
}

#define REGISTER(name, mode)                                                                                         \
  void GC_##name(void *object, GC_finalization_proc function, void *data, GC_finalization_proc *old_function,        \
                 void **old_data) {                                                                                  \
    set_finalizer(object, function, data, mode, old_function, old_data);                                             \
  }
REGISTER(register_finalizer, FINALIZE_ORDERED)
REGISTER(register_finalizer_ignore_self, FINALIZE_IGNORE_SELF)
REGISTER(register_finalizer_no_order, FINALIZE_NO_ORDER)
REGISTER(register_finalizer_unreachable, FINALIZE_UNREACHABLE)

int GC_invoke_finalizers(void) {
  return (int)finalize_run();
}
int GC_should_invoke_finalizers(void) {
  return finalize_waiting() != 0;
}

void gc_finalize_after_cycle(void) {
  if (finalize_waiting() == 0)
    return;
  if (!GC_finalize_on_demand)
    finalize_run();
  else if (GC_finalizer_notifier != NULL)
    GC_finalizer_notifier();
}

void gc_finalize_in_pause(void) {
  gc_disclaim_in_pause();
  weak_clear(WEAK_SHORT);
  finalize_find();
  weak_clear(WEAK_LONG);
}

void GC_finalize_all(void) {
  finalize_run_all();
}

static int link_result(enum weak_result result) {
  static const int results[] = {[WEAK_DONE] = GC_SUCCESS,
                                [WEAK_KNOWN] = GC_DUPLICATE,
                                [WEAK_NO_MEMORY] = GC_NO_MEMORY,
                                [WEAK_UNKNOWN] = GC_NOT_FOUND};
  return results[result];
}

int GC_general_register_disappearing_link(void **link, const void *object) {
  return link_result(weak_register(WEAK_SHORT, link, object));
}
int GC_register_disappearing_link(void **link) {
  return GC_general_register_disappearing_link(link, GC_base(link));
}
int GC_unregister_disappearing_link(void **link) {
  return weak_unregister(WEAK_SHORT, link);
}
int GC_move_disappearing_link(void **link, void **new_link) {
  return link_result(weak_move(WEAK_SHORT, link, new_link));
}
int GC_register_long_link(void **link, const void *object) {
  return link_result(weak_register(WEAK_LONG, link, object));
}
int GC_unregister_long_link(void **link) {
  return weak_unregister(WEAK_LONG, link);
}
int GC_move_long_link(void **link, void **new_link) {
  return link_result(weak_move(WEAK_LONG, link, new_link));
}

#define ACCESSORS(name, type)                                                                                        \
  void GC_set_##name(type value) {                                                                                   \
    GC_##name = value;                                                                                               \
  }                                                                                                                  \
  type GC_get_##name(void) {                                                                                         \
    return GC_##name;                                                                                                \
  }
ACCESSORS(finalize_on_demand, int)
ACCESSORS(java_finalization, int)
ACCESSORS(finalizer_notifier, GC_finalizer_notifier_proc)

static GC_await_finalize_proc await_finalize;
void GC_set_await_finalize_proc(GC_await_finalize_proc function) {
  await_finalize = function;
}
GC_await_finalize_proc GC_get_await_finalize_proc(void) {
  return await_finalize;
}
