/*
 * gc.h: memory that frees itself, with the interface of bdwgc (Boehm, Demers, Weiser) 8.2.
 *
 * Programs written for that collector compile with this header unchanged, and programs compiled with its header run
 * with the library that belongs to this one: names, types, values and data symbols are the same. What each function
 * does is said here in our own words; where the two collectors differ in what can be noticed, the comment says so.
 *
 * For a new program GC_INIT, GC_MALLOC, GC_MALLOC_ATOMIC and GC_REALLOC are enough. An object lives as long as a word
 * that may be a pointer into it is found in a register, on a stack, in static data, in thread-local data, in an
 * uncollectable object, or in another object that lives. All threads of the process are found by themselves: nobody
 * needs to register one.
 *
 * Any function may be called from any thread, but for those that are documented to belong into callbacks. None may be
 * called from a signal handler but GC_base, GC_is_heap_ptr and GC_size. Sizes are in bytes. When there is no memory,
 * even after a collection, a function that allocates returns what the oom function (GC_set_oom_fn) returns for the
 * size: NULL by default; errno is ENOMEM then.
 */
#ifndef GC_H
#define GC_H

#include "gc_version.h"
#include "gc_config_macros.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef void *GC_PTR;
/* Integers of the size of a pointer. */
typedef unsigned long GC_word;
typedef long GC_signed_word;

/* (major << 16) | (minor << 8) | micro of the interface the library serves: at least 8.2.2. */
GC_API unsigned GC_CALL GC_get_version(void);

/* Results of the functions that return an int, where nothing else is said. */
#define GC_SUCCESS       0
#define GC_DUPLICATE     1 /* already registered */
#define GC_NO_MEMORY     2
#define GC_NO_THREADS    2 /* never returned */
#define GC_UNIMPLEMENTED 3
#define GC_NOT_FOUND     4

/* ---- Starting ---- */

/* Reads the environment (GC_PRINT_STATS and others: see freehold-gc(7)) and makes everything ready. May be called many
 * times; the first allocation does it, too. */
GC_API void GC_CALL GC_init(void);
GC_API int GC_CALL GC_is_init_called(void);
/* Does nothing: what other threads and later destructors may still use is not taken from them. */
GC_API void GC_CALL GC_deinit(void);

/* ---- Allocating ---- */

/* An object aligned to 16, all zero. size 0 counts as 1. */
GC_API void *GC_CALL GC_malloc(size_t size) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
/* An object that never holds pointers: it is not scanned, and its content is undefined. */
GC_API void *GC_CALL GC_malloc_atomic(size_t size) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
/* An object that lives until GC_free; what it points to lives as long. All zero. */
GC_API void *GC_CALL GC_malloc_uncollectable(size_t size) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
/* An object that lives until GC_free, and is not scanned. Content undefined. */
GC_API void *GC_CALL GC_malloc_atomic_uncollectable(size_t size) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
/* For large objects: the program promises to keep a pointer to one of the first 256 bytes for as long as it uses the
 * object. Pointers to its further pages need not keep it. */
GC_API void *GC_CALL GC_malloc_ignore_off_page(size_t size) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_malloc_atomic_ignore_off_page(size_t size) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
/* An object aligned to `alignment`, a power of two. Keep the pointer returned; GC_free wants GC_base of it. */
GC_API void *GC_CALL GC_memalign(size_t alignment, size_t size) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(2);
/* The same as POSIX has it: 0, or EINVAL, or ENOMEM with *pointer unchanged. */
GC_API int GC_CALL GC_posix_memalign(void **pointer, size_t alignment, size_t size) GC_ATTR_NONNULL(1);
/* Copies of strings, not scanned. NULL gives NULL. */
GC_API char *GC_CALL GC_strdup(const char *string) GC_ATTR_MALLOC;
GC_API char *GC_CALL GC_strndup(const char *string, size_t most) GC_ATTR_MALLOC GC_ATTR_NONNULL(1);
/* The object with a new size, moved if need be; its kind stays, min(old, new) bytes are kept, the rest of a scanned
 * object is zero. NULL: GC_malloc. size 0: GC_free, returns NULL. */
GC_API void *GC_CALL GC_realloc(void *object, size_t size) GC_ATTR_ALLOC_SIZE(2);
/* Gives an object back at once. It must not be used any more, must be the start of an object, and should have no
 * finalizer and hold no disappearing link. NULL is allowed. */
GC_API void GC_CALL GC_free(void *object);

/* Some objects of one size at once, each with a pointer to the next in its first word, otherwise zero. All of them
 * count as allocated: whoever drops the list drops its objects. */
GC_API void *GC_CALL GC_malloc_many(size_t size) GC_ATTR_MALLOC;
#define GC_NEXT(object) (*(void **)(object))

/* ---- What an address is ---- */

/* The start of the object that `address` lies in, or NULL if it lies in none. */
GC_API void *GC_CALL GC_base(void *address);
/* Whether the address lies in the collected heap, be it of an object or not. */
GC_API int GC_CALL GC_is_heap_ptr(const void *address);
/* The bytes that an object has, given its start: at least those asked for. */
GC_API size_t GC_CALL GC_size(const void *object) GC_ATTR_NONNULL(1);

/* ---- Collecting ---- */

/* A whole collection. Finalizers that become ready are run by it, unless they are run on demand. */
GC_API void GC_CALL GC_gcollect(void);
/* The same, and all free pages go back to the system at once. */
GC_API void GC_CALL GC_gcollect_and_unmap(void);
/* A collection, unless stop() says non-zero before it. 1 if there was one. stop may be called with locks held: it must
 * not allocate. */
typedef int(GC_CALLBACK *GC_stop_func)(void);
GC_API int GC_CALL GC_try_to_collect(GC_stop_func stop) GC_ATTR_NONNULL(1);
/* The function that is asked before collections that the program did not ask for. */
GC_API void GC_CALL GC_set_stop_func(GC_stop_func stop) GC_ATTR_NONNULL(1);
GC_API GC_stop_func GC_CALL GC_get_stop_func(void);
/* A part of a collection, begun if none is under way. 0 when it is done. */
GC_API int GC_CALL GC_collect_a_little(void);

/* No collection takes place between GC_disable and GC_enable. They nest. */
GC_API void GC_CALL GC_disable(void);
GC_API void GC_CALL GC_enable(void);
GC_API int GC_CALL GC_is_disabled(void);

/* Asks for marking while the program runs. That is not done: collections stop the program as before, and
 * GC_is_incremental_mode is false. May be called before GC_init, which it includes. */
GC_API void GC_CALL GC_enable_incremental(void);
GC_API int GC_CALL GC_is_incremental_mode(void);
/* Collects if a collection is due. */
GC_API void GC_CALL GC_start_incremental_collection(void);
/* Which memory is write-protected so that a system call into it could fail: none. */
#define GC_PROTECTS_POINTER_HEAP 1
#define GC_PROTECTS_PTRFREE_HEAP 2
#define GC_PROTECTS_STATIC_DATA  4
#define GC_PROTECTS_STACK        8
#define GC_PROTECTS_NONE         0
GC_API int GC_CALL GC_incremental_protection_needs(void);
/* Kept and returned; the program need not tell what it writes. */
GC_API void GC_CALL GC_set_manual_vdb_allowed(int value);
GC_API int GC_CALL GC_get_manual_vdb_allowed(void);

/* ---- Roots ---- */

/* The words of [start, end) are looked at by every collection. Static data of the program and its libraries is anyway. */
GC_API void GC_CALL GC_add_roots(void *start, void *end);
/* What of the added roots lies in [start, end) is no root any more. */
GC_API void GC_CALL GC_remove_roots(void *start, void *end);
/* Forgets all static roots. Those of loaded objects count again at the next collection, unless GC_set_no_dls(1). */
GC_API void GC_CALL GC_clear_roots(void);
/* Static data without pointers into the heap. A hint: it may be looked at all the same. */
GC_API void GC_CALL GC_exclude_static_roots(void *start, void *end);
GC_API void GC_CALL GC_clear_exclusion_table(void);
/* A pointer `offset` bytes into an object counts even while GC_all_interior_pointers is 0. */
GC_API void GC_CALL GC_register_displacement(size_t offset);
GC_API void GC_CALL GC_debug_register_displacement(size_t offset);
/* Kept, and not asked: all writable data of libraries is looked at. */
typedef int(GC_CALLBACK *GC_has_static_roots_func)(const char *library, void *start, size_t size);
GC_API void GC_CALL GC_register_has_static_roots_callback(GC_has_static_roots_func function);

/* ---- Finalizers ---- */

typedef void(GC_CALLBACK *GC_finalization_proc)(void *object, void *data);

/*
 * When `object` (the start of one) can't be reached any more, function(object, data) will be called, once. Until then
 * what data points to lives, and until the call has been made the object and what it points to. NULL removes the
 * finalizer. The one registered before and its data go to *old_function and *old_data (each may be NULL); they stay as
 * they are when there is no memory. For what is no object of the heap nothing is registered, and both become NULL.
 *
 * Of unreachable objects with finalizers that point to others, those come first that no other points to; the others'
 * turn comes in later collections. An object that reaches itself is never finalized: the warn function is told.
 *
 *   _ignore_self    pointers from the object directly into itself don't count
 *   _no_order       all that are unreachable, in any order, are finalized at once
 *   _unreachable    as the plain one, but not as long as an object with an unordered finalizer reaches it
 */
GC_API void GC_CALL GC_register_finalizer(void *object, GC_finalization_proc function, void *data,
                                          GC_finalization_proc *old_function, void **old_data) GC_ATTR_NONNULL(1);
GC_API void GC_CALL GC_register_finalizer_ignore_self(void *object, GC_finalization_proc function, void *data,
                                                      GC_finalization_proc *old_function, void **old_data)
    GC_ATTR_NONNULL(1);
GC_API void GC_CALL GC_register_finalizer_no_order(void *object, GC_finalization_proc function, void *data,
                                                   GC_finalization_proc *old_function, void **old_data)
    GC_ATTR_NONNULL(1);
GC_API void GC_CALL GC_register_finalizer_unreachable(void *object, GC_finalization_proc function, void *data,
                                                      GC_finalization_proc *old_function, void **old_data)
    GC_ATTR_NONNULL(1);
GC_API void GC_CALL GC_debug_register_finalizer(void *object, GC_finalization_proc function, void *data,
                                                GC_finalization_proc *old_function, void **old_data)
    GC_ATTR_NONNULL(1);
GC_API void GC_CALL GC_debug_register_finalizer_ignore_self(void *object, GC_finalization_proc function, void *data,
                                                            GC_finalization_proc *old_function, void **old_data)
    GC_ATTR_NONNULL(1);
GC_API void GC_CALL GC_debug_register_finalizer_no_order(void *object, GC_finalization_proc function, void *data,
                                                         GC_finalization_proc *old_function, void **old_data)
    GC_ATTR_NONNULL(1);
GC_API void GC_CALL GC_debug_register_finalizer_unreachable(void *object, GC_finalization_proc function, void *data,
                                                            GC_finalization_proc *old_function, void **old_data)
    GC_ATTR_NONNULL(1);

/* Calls the finalizers that are ready; how many. Without GC_set_finalize_on_demand(1), the thread that collected does
 * this by itself, at the end of the call that collected. */
GC_API int GC_CALL GC_invoke_finalizers(void);
/* Whether some are ready. */
GC_API int GC_CALL GC_should_invoke_finalizers(void);
GC_API void GC_CALL GC_set_finalize_on_demand(int value);
GC_API int GC_CALL GC_get_finalize_on_demand(void);
/* With finalizers on demand: called after a collection that made some ready. It may wake a thread, and allocate. */
typedef void(GC_CALLBACK *GC_finalizer_notifier_proc)(void);
GC_API void GC_CALL GC_set_finalizer_notifier(GC_finalizer_notifier_proc function);
GC_API GC_finalizer_notifier_proc GC_CALL GC_get_finalizer_notifier(void);
/* Called for each object whose finalizer becomes ready, while the world stands still. */
typedef void(GC_CALLBACK *GC_await_finalize_proc)(void *object);
GC_API void GC_CALL GC_set_await_finalize_proc(GC_await_finalize_proc function);
GC_API GC_await_finalize_proc GC_CALL GC_get_await_finalize_proc(void);
/* Whether _unreachable is heeded. What objects with unordered finalizers point to is kept in any case. */
GC_API void GC_CALL GC_set_java_finalization(int value);
GC_API int GC_CALL GC_get_java_finalization(void);

/* ---- Weak references ---- */

/*
 * *link becomes NULL in the collection that finds `object` (the start of one) unreachable, before any finalizer is
 * called and before their order is decided. For *link not to keep the object itself, store it hidden, or in an object
 * that isn't scanned, and read it within GC_call_with_alloc_lock. The registration ends with the clearing, with
 * GC_unregister_disappearing_link, or when the object that *link lies in is itself collected.
 * 0; GC_DUPLICATE if the link was registered (with the object now given); GC_NO_MEMORY; GC_UNIMPLEMENTED while leaks
 * are searched for.
 */
GC_API int GC_CALL GC_general_register_disappearing_link(void **link, const void *object) GC_ATTR_NONNULL(1)
    GC_ATTR_NONNULL(2);
/* The same for the object that the link lies in. */
GC_API int GC_CALL GC_register_disappearing_link(void **link) GC_ATTR_NONNULL(1);
/* 1 if it was registered. */
GC_API int GC_CALL GC_unregister_disappearing_link(void **link);
/* Moves a registration; contents are not moved. GC_NOT_FOUND, or GC_DUPLICATE if there is one at new_link. */
GC_API int GC_CALL GC_move_disappearing_link(void **link, void **new_link) GC_ATTR_NONNULL(2);
/* Cleared only when not even a finalizer can bring the object back. */
GC_API int GC_CALL GC_register_long_link(void **link, const void *object) GC_ATTR_NONNULL(1) GC_ATTR_NONNULL(2);
GC_API int GC_CALL GC_unregister_long_link(void **link);
GC_API int GC_CALL GC_move_long_link(void **link, void **new_link) GC_ATTR_NONNULL(2);

/* References that the program decides about at the start of each collection: kept (strong), not kept (weak), or
 * forgotten (drop). The function is called while the program runs, with the collector's lock held. */
typedef enum { GC_TOGGLE_REF_DROP, GC_TOGGLE_REF_STRONG, GC_TOGGLE_REF_WEAK } GC_ToggleRefStatus;
typedef GC_ToggleRefStatus(GC_CALLBACK *GC_toggleref_func)(void *object);
GC_API void GC_CALL GC_set_toggleref_func(GC_toggleref_func function);
GC_API GC_toggleref_func GC_CALL GC_get_toggleref_func(void);
/* 0 (also when there is no function), or GC_NO_MEMORY. */
GC_API int GC_CALL GC_toggleref_add(void *object, int is_strong) GC_ATTR_NONNULL(1);

/* Pointers that collections don't see. */
typedef GC_word GC_hidden_pointer;
#define GC_HIDE_POINTER(pointer)   (~(GC_hidden_pointer)(pointer))
#define GC_REVEAL_POINTER(pointer) ((void *)GC_HIDE_POINTER(pointer))
#if defined(I_HIDE_POINTERS) || defined(GC_I_HIDE_POINTERS)
#define HIDE_POINTER(pointer)   GC_HIDE_POINTER(pointer)
#define REVEAL_POINTER(pointer) GC_REVEAL_POINTER(pointer)
#endif

/* ---- The lock ---- */

/* function(data) while no collection goes on in other threads: hidden pointers may be revealed. It must not allocate,
 * and call only what says that it may be called so. */
typedef void *(GC_CALLBACK *GC_fn_type)(void *data);
GC_API void *GC_CALL GC_call_with_alloc_lock(GC_fn_type function, void *data) GC_ATTR_NONNULL(1);
/* The same in two calls. Not recursive. */
GC_API void GC_CALL GC_alloc_lock(void);
GC_API void GC_CALL GC_alloc_unlock(void);

/* ---- Threads ---- */

/* The cold end of a stack. */
struct GC_stack_base {
  void *mem_base;
};
typedef void *(GC_CALLBACK *GC_stack_base_func)(struct GC_stack_base *base, void *data);
/* function(base, data), with a base near the caller's frame. */
GC_API void *GC_CALL GC_call_with_stack_base(GC_stack_base_func function, void *data) GC_ATTR_NONNULL(1);
/* That of the calling thread. 0, or GC_UNIMPLEMENTED. */
GC_API int GC_CALL GC_get_stack_base(struct GC_stack_base *base) GC_ATTR_NONNULL(1);
/* What was set for the calling thread, at first as above; returns a handle of the thread. */
GC_API void *GC_CALL GC_get_my_stackbottom(struct GC_stack_base *base) GC_ATTR_NONNULL(1);
/* Sets it; a NULL handle is the calling thread, before GC_init the main one. Stacks are found without it. */
GC_API void GC_CALL GC_set_stackbottom(void *handle, const struct GC_stack_base *base) GC_ATTR_NONNULL(2);

/* Threads are found without being registered. These keep count for programs that ask. 0, or GC_DUPLICATE for a thread
 * that is known already: the main one, those of GC_pthread_create, those registered. */
GC_API void GC_CALL GC_allow_register_threads(void);
GC_API int GC_CALL GC_register_my_thread(const struct GC_stack_base *base) GC_ATTR_NONNULL(1);
GC_API int GC_CALL GC_unregister_my_thread(void);
GC_API int GC_CALL GC_thread_is_registered(void);
GC_API void GC_CALL GC_register_altstack(void *stack, GC_word stack_size, void *alternate, GC_word alternate_size);

/* function(data) while the calling thread counts as blocked: collections don't stop it. It promises to touch nothing of
 * the heap's. What its stack held at the call is still looked at. GC_call_with_gc_active takes the promise back for
 * the time of a call. They nest. */
GC_API void *GC_CALL GC_do_blocking(GC_fn_type function, void *data) GC_ATTR_NONNULL(1);
GC_API void *GC_CALL GC_call_with_gc_active(GC_fn_type function, void *data) GC_ATTR_NONNULL(1);

/* Stops all other threads, and lets them go again. The caller must not allocate in between. */
GC_API void GC_CALL GC_stop_world_external(void);
GC_API void GC_CALL GC_start_world_external(void);

/* Threads that mark, the one that collects included: 0, as many as there are processors. Before GC_init. */
GC_API void GC_CALL GC_set_markers_count(unsigned count);
/* One less than that number. */
GC_API int GC_CALL GC_get_parallel(void);
GC_API void GC_CALL GC_start_mark_threads(void);

/* The signals that bdwgc would use; GC_pthread_sigmask leaves the first one open. */
GC_API void GC_CALL GC_set_suspend_signal(int number);
GC_API int GC_CALL GC_get_suspend_signal(void);
GC_API void GC_CALL GC_set_thr_restart_signal(int number);
GC_API int GC_CALL GC_get_thr_restart_signal(void);

/* After fork the child can allocate and collect, whatever is said here. */
GC_API void GC_CALL GC_set_handle_fork(int value);
GC_API void GC_CALL GC_atfork_prepare(void);
GC_API void GC_CALL GC_atfork_parent(void);
GC_API void GC_CALL GC_atfork_child(void);

/* ---- Settings ---- */

/* Called with the size when there is no memory; what it returns is returned. Never NULL itself. */
typedef void *(GC_CALLBACK *GC_oom_func)(size_t size);
GC_API void GC_CALL GC_set_oom_fn(GC_oom_func function) GC_ATTR_NONNULL(1);
GC_API GC_oom_func GC_CALL GC_get_oom_fn(void);
/* Ends the program with a message. */
GC_API void GC_CALL GC_abort_on_oom(void);

/* Called with a message that has one %-conversion for the word, to standard error by default. */
typedef void(GC_CALLBACK *GC_warn_proc)(char *message, GC_word argument);
GC_API void GC_CALL GC_set_warn_proc(GC_warn_proc function) GC_ATTR_NONNULL(1);
GC_API GC_warn_proc GC_CALL GC_get_warn_proc(void);
/* One that says nothing. */
GC_API void GC_CALL GC_ignore_warn_proc(char *message, GC_word argument);
/* Called before the program is ended. */
typedef void(GC_CALLBACK *GC_abort_func)(const char *message);
GC_API void GC_CALL GC_set_abort_func(GC_abort_func function) GC_ATTR_NONNULL(1);
GC_API GC_abort_func GC_CALL GC_get_abort_func(void);
/* The descriptor that accounts and warnings go to: 2. */
GC_API void GC_CALL GC_set_log_fd(int descriptor);

/* The most bytes the heap may hold; 0: no limit. */
GC_API void GC_CALL GC_set_max_heap_size(GC_word bytes);
/* Lets the heap grow by so many bytes before the next collection. 1, or 0 when the limit forbids it. */
GC_API int GC_CALL GC_expand_hp(size_t bytes);
/* A collection begins when live bytes / divisor have been allocated since the last: 3. More: less memory. */
GC_API void GC_CALL GC_set_free_space_divisor(GC_word divisor);
GC_API GC_word GC_CALL GC_get_free_space_divisor(void);
/* Whether a word of the heap or of static data that points into the middle of an object keeps it: 1. Words on stacks
 * and in registers always do. Before GC_init. */
GC_API void GC_CALL GC_set_all_interior_pointers(int value);
GC_API int GC_CALL GC_get_all_interior_pointers(void);
/* 1: data of the program and its libraries is not looked at, but for what is added by GC_add_roots. */
GC_API void GC_CALL GC_set_no_dls(int value);
GC_API int GC_CALL GC_get_no_dls(void);
/* 1: what is lost is reported and not reused, at each GC_gcollect and at the end. Before GC_init. */
GC_API void GC_CALL GC_set_find_leak(int value);
GC_API int GC_CALL GC_get_find_leak(void);
/* 1: collections take place only when the program calls for one. */
GC_API void GC_CALL GC_set_disable_automatic_collection(int value);
GC_API int GC_CALL GC_get_disable_automatic_collection(void);
/* 1: GC_gcollect gives free pages back at once, too. */
GC_API void GC_CALL GC_set_force_unmap_on_gcollect(int value);
GC_API int GC_CALL GC_get_force_unmap_on_gcollect(void);

/* Kept and returned; the collector tunes itself. */
#define GC_TIME_UNLIMITED 999999
struct GC_timeval_s {
  unsigned long tv_ms;
  unsigned long tv_nsec; /* below 1000000 */
};
GC_API void GC_CALL GC_set_time_limit(unsigned long milliseconds);
GC_API unsigned long GC_CALL GC_get_time_limit(void);
GC_API void GC_CALL GC_set_time_limit_tv(struct GC_timeval_s limit);
GC_API struct GC_timeval_s GC_CALL GC_get_time_limit_tv(void);
GC_API void GC_CALL GC_set_dont_expand(int value);
GC_API int GC_CALL GC_get_dont_expand(void);
GC_API void GC_CALL GC_set_full_freq(int value);
GC_API int GC_CALL GC_get_full_freq(void);
GC_API void GC_CALL GC_set_non_gc_bytes(GC_word bytes);
GC_API GC_word GC_CALL GC_get_non_gc_bytes(void);
GC_API void GC_CALL GC_set_max_retries(GC_word count);
GC_API GC_word GC_CALL GC_get_max_retries(void);
GC_API void GC_CALL GC_set_dont_precollect(int value);
GC_API int GC_CALL GC_get_dont_precollect(void);
GC_API void GC_CALL GC_set_allocd_bytes_per_finalizer(GC_word bytes);
GC_API GC_word GC_CALL GC_get_allocd_bytes_per_finalizer(void);
GC_API void GC_CALL GC_set_pages_executable(int value);
/* 0: memory of the heap is never executable. */
GC_API int GC_CALL GC_get_pages_executable(void);
GC_API void GC_CALL GC_set_min_bytes_allocd(size_t bytes);
GC_API size_t GC_CALL GC_get_min_bytes_allocd(void);
GC_API void GC_CALL GC_set_rate(int pages);
GC_API int GC_CALL GC_get_rate(void);
GC_API void GC_CALL GC_set_max_prior_attempts(int count);
GC_API int GC_CALL GC_get_max_prior_attempts(void);

/* What a collection is doing. START comes while the program runs; from POST_STOP_WORLD to PRE_START_WORLD it stands
 * still; the function must not allocate in either. */
typedef enum {
  GC_EVENT_START,
  GC_EVENT_MARK_START,
  GC_EVENT_MARK_END,
  GC_EVENT_RECLAIM_START,
  GC_EVENT_RECLAIM_END,
  GC_EVENT_END,
  GC_EVENT_PRE_STOP_WORLD,
  GC_EVENT_POST_STOP_WORLD,
  GC_EVENT_PRE_START_WORLD,
  GC_EVENT_POST_START_WORLD,
  GC_EVENT_THREAD_SUSPENDED,
  GC_EVENT_THREAD_UNSUSPENDED
} GC_EventType;
typedef void(GC_CALLBACK *GC_on_collection_event_proc)(GC_EventType event);
GC_API void GC_CALL GC_set_on_collection_event(GC_on_collection_event_proc function);
GC_API GC_on_collection_event_proc GC_CALL GC_get_on_collection_event(void);
/* Kept, and not called: threads are stopped all at once. */
typedef void(GC_CALLBACK *GC_on_thread_event_proc)(GC_EventType event, void *thread);
GC_API void GC_CALL GC_set_on_thread_event(GC_on_thread_event_proc function);
GC_API GC_on_thread_event_proc GC_CALL GC_get_on_thread_event(void);
/* Called after a collection, and after GC_expand_hp, when the heap's size has changed since it was last called. */
typedef void(GC_CALLBACK *GC_on_heap_resize_proc)(GC_word new_size);
GC_API void GC_CALL GC_set_on_heap_resize(GC_on_heap_resize_proc function);
GC_API GC_on_heap_resize_proc GC_CALL GC_get_on_heap_resize(void);

/* ---- Accounts ---- */

GC_API GC_word GC_CALL GC_get_gc_no(void);                    /* collections that are finished */
GC_API size_t GC_CALL GC_get_heap_size(void);                 /* bytes that the heap holds */
GC_API size_t GC_CALL GC_get_free_bytes(void);                /* those of them without a live object */
GC_API size_t GC_CALL GC_get_unmapped_bytes(void);            /* 0: what went back to the system is not counted */
GC_API size_t GC_CALL GC_get_bytes_since_gc(void);            /* allocated since the last collection */
GC_API size_t GC_CALL GC_get_expl_freed_bytes_since_gc(void); /* 0: not counted apart */
GC_API size_t GC_CALL GC_get_total_bytes(void);               /* allocated since the start */
GC_API size_t GC_CALL GC_get_obtained_from_os_bytes(void);    /* as GC_get_heap_size */
GC_API size_t GC_CALL GC_get_memory_use(void);                /* bytes of live objects */
/* Five of these of one moment. Any may be NULL. */
GC_API void GC_CALL GC_get_heap_usage_safe(GC_word *heap_size, GC_word *free_bytes, GC_word *unmapped_bytes,
                                           GC_word *bytes_since_gc, GC_word *total_bytes);
struct GC_prof_stats_s {
  GC_word heapsize_full;
  GC_word free_bytes_full;
  GC_word unmapped_bytes;
  GC_word bytes_allocd_since_gc;
  GC_word allocd_bytes_before_gc;
  GC_word non_gc_bytes;
  GC_word gc_no;
  GC_word markers_m1;
  GC_word bytes_reclaimed_since_gc;
  GC_word reclaimed_bytes_before_gc;
  GC_word expl_freed_bytes_since_gc;
  GC_word obtained_from_os_bytes;
};
/* Fills the first `size` bytes; those that the library doesn't know with 0xff. How many it filled. */
GC_API size_t GC_CALL GC_get_prof_stats(struct GC_prof_stats_s *stats, size_t size);
GC_API size_t GC_CALL GC_get_prof_stats_unsafe(struct GC_prof_stats_s *stats, size_t size);
/* The units of 16 bytes that an object of `size` bytes gets; 0 for large ones, (size_t)-1 for sizes below 0. */
GC_API size_t GC_CALL GC_get_size_map_at(int size);
/* The milliseconds that collections took since GC_start_performance_measurement. */
GC_API void GC_CALL GC_start_performance_measurement(void);
GC_API unsigned long GC_CALL GC_get_full_gc_total_time(void);
/* Text for people, to standard output. */
GC_API void GC_CALL GC_dump(void);
GC_API void GC_CALL GC_dump_named(const char *name);
GC_API void GC_CALL GC_dump_regions(void);
GC_API void GC_CALL GC_dump_finalization(void);

/* ---- Checks of pointers. A failing one calls the function in the variable of its name; by default that ends the
 * program with an explanation. ---- */

/* p; fails unless p and q point into the same object, or both outside of the heap. */
GC_API void *GC_CALL GC_same_obj(void *p, void *q);
/* p; fails if p lies in the heap and is no pointer that counts. */
GC_API void *GC_CALL GC_is_valid_displacement(void *p);
/* p; fails if collections don't look at the word there. */
GC_API void *GC_CALL GC_is_visible(void *p);
/* ++ and -- by bytes, checked by GC_same_obj: the new value, the old value. */
GC_API void *GC_CALL GC_pre_incr(void **p, ptrdiff_t bytes) GC_ATTR_NONNULL(1);
GC_API void *GC_CALL GC_post_incr(void **p, ptrdiff_t bytes) GC_ATTR_NONNULL(1);
GC_API void(GC_CALLBACK *GC_same_obj_print_proc)(void *p, void *q);
GC_API void(GC_CALLBACK *GC_is_valid_displacement_print_proc)(void *p);
GC_API void(GC_CALLBACK *GC_is_visible_print_proc)(void *p);

/* Stores. Nobody needs to tell the collector of them. */
GC_API void GC_CALL GC_end_stubborn_change(const void *object) GC_ATTR_NONNULL(1);
GC_API void GC_CALL GC_ptr_store_and_dirty(void *p, const void *q);
GC_API void GC_CALL GC_debug_ptr_store_and_dirty(void *p, const void *q);
GC_API void GC_CALL GC_debug_end_stubborn_change(const void *object) GC_ATTR_NONNULL(1);
GC_API GC_ATTR_DEPRECATED void *GC_CALL GC_malloc_stubborn(size_t size);
GC_API GC_ATTR_DEPRECATED void GC_CALL GC_change_stubborn(const void *object);
GC_API GC_ATTR_DEPRECATED void GC_CALL GC_debug_change_stubborn(const void *object);

/* The pointer is still in use here: the compiler must keep it somewhere until then. */
#if defined(__GNUC__) || defined(__clang__)
#define GC_reachable_here(pointer) __asm__ __volatile__(" " : : "X"(pointer) : "memory")
#else
GC_API void GC_CALL GC_noop1(GC_word value);
#define GC_reachable_here(pointer) GC_noop1((GC_word)(pointer))
#endif

/* ---- The same with the place of the call. GC_DEBUG turns the upper-case names into them. What was allocated by one
 * of them is checked, when it is freed and by GC_gcollect, for writes behind its end, and a lost one is reported with
 * its place while leaks are searched for. ---- */

#define GC_EXTRAS       __FILE__, __LINE__
#define GC_EXTRA_PARAMS const char *s, int i
GC_API void *GC_CALL GC_debug_malloc(size_t size, const char *file, int line) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_debug_malloc_atomic(size_t size, const char *file, int line) GC_ATTR_MALLOC
    GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_debug_malloc_uncollectable(size_t size, const char *file, int line) GC_ATTR_MALLOC
    GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_debug_malloc_atomic_uncollectable(size_t size, const char *file, int line) GC_ATTR_MALLOC
    GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_debug_malloc_ignore_off_page(size_t size, const char *file, int line) GC_ATTR_MALLOC
    GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_debug_malloc_atomic_ignore_off_page(size_t size, const char *file, int line) GC_ATTR_MALLOC
    GC_ATTR_ALLOC_SIZE(1);
GC_API GC_ATTR_DEPRECATED void *GC_CALL GC_debug_malloc_stubborn(size_t size, const char *file, int line);
GC_API char *GC_CALL GC_debug_strdup(const char *string, const char *file, int line) GC_ATTR_MALLOC;
GC_API char *GC_CALL GC_debug_strndup(const char *string, size_t most, const char *file, int line) GC_ATTR_MALLOC
    GC_ATTR_NONNULL(1);
GC_API void *GC_CALL GC_debug_realloc(void *object, size_t size, const char *file, int line) GC_ATTR_ALLOC_SIZE(2);
GC_API void GC_CALL GC_debug_free(void *object);
GC_API void *GC_CALL GC_debug_malloc_replacement(size_t size) GC_ATTR_MALLOC GC_ATTR_ALLOC_SIZE(1);
GC_API void *GC_CALL GC_debug_realloc_replacement(void *object, size_t size) GC_ATTR_ALLOC_SIZE(2);

#ifdef GC_DEBUG_REPLACEMENT
#define GC_MALLOC(size)          GC_debug_malloc_replacement(size)
#define GC_REALLOC(object, size) GC_debug_realloc_replacement(object, size)
#elif defined(GC_DEBUG)
#define GC_MALLOC(size)          GC_debug_malloc(size, GC_EXTRAS)
#define GC_REALLOC(object, size) GC_debug_realloc(object, size, GC_EXTRAS)
#else
#define GC_MALLOC(size)          GC_malloc(size)
#define GC_REALLOC(object, size) GC_realloc(object, size)
#endif

#ifdef GC_DEBUG
#define GC_MALLOC_ATOMIC(size)                 GC_debug_malloc_atomic(size, GC_EXTRAS)
#define GC_STRDUP(string)                      GC_debug_strdup(string, GC_EXTRAS)
#define GC_STRNDUP(string, most)               GC_debug_strndup(string, most, GC_EXTRAS)
#define GC_MALLOC_ATOMIC_UNCOLLECTABLE(size)   GC_debug_malloc_atomic_uncollectable(size, GC_EXTRAS)
#define GC_MALLOC_UNCOLLECTABLE(size)          GC_debug_malloc_uncollectable(size, GC_EXTRAS)
#define GC_MALLOC_IGNORE_OFF_PAGE(size)        GC_debug_malloc_ignore_off_page(size, GC_EXTRAS)
#define GC_MALLOC_ATOMIC_IGNORE_OFF_PAGE(size) GC_debug_malloc_atomic_ignore_off_page(size, GC_EXTRAS)
#define GC_FREE(object)                        GC_debug_free(object)
#define GC_REGISTER_FINALIZER(object, function, data, old_function, old_data)                                        \
  GC_debug_register_finalizer(object, function, data, old_function, old_data)
#define GC_REGISTER_FINALIZER_IGNORE_SELF(object, function, data, old_function, old_data)                            \
  GC_debug_register_finalizer_ignore_self(object, function, data, old_function, old_data)
#define GC_REGISTER_FINALIZER_NO_ORDER(object, function, data, old_function, old_data)                               \
  GC_debug_register_finalizer_no_order(object, function, data, old_function, old_data)
#define GC_REGISTER_FINALIZER_UNREACHABLE(object, function, data, old_function, old_data)                            \
  GC_debug_register_finalizer_unreachable(object, function, data, old_function, old_data)
#define GC_END_STUBBORN_CHANGE(object) GC_debug_end_stubborn_change(object)
#define GC_PTR_STORE_AND_DIRTY(p, q)   GC_debug_ptr_store_and_dirty(p, q)
#define GC_GENERAL_REGISTER_DISAPPEARING_LINK(link, object)                                                          \
  GC_general_register_disappearing_link(link, GC_base((void *)(object)))
#define GC_REGISTER_LONG_LINK(link, object) GC_register_long_link(link, GC_base((void *)(object)))
#define GC_REGISTER_DISPLACEMENT(offset)    GC_debug_register_displacement(offset)
#else
#define GC_MALLOC_ATOMIC(size)                 GC_malloc_atomic(size)
#define GC_STRDUP(string)                      GC_strdup(string)
#define GC_STRNDUP(string, most)               GC_strndup(string, most)
#define GC_MALLOC_ATOMIC_UNCOLLECTABLE(size)   GC_malloc_atomic_uncollectable(size)
#define GC_MALLOC_UNCOLLECTABLE(size)          GC_malloc_uncollectable(size)
#define GC_MALLOC_IGNORE_OFF_PAGE(size)        GC_malloc_ignore_off_page(size)
#define GC_MALLOC_ATOMIC_IGNORE_OFF_PAGE(size) GC_malloc_atomic_ignore_off_page(size)
#define GC_FREE(object)                        GC_free(object)
#define GC_REGISTER_FINALIZER(object, function, data, old_function, old_data)                                        \
  GC_register_finalizer(object, function, data, old_function, old_data)
#define GC_REGISTER_FINALIZER_IGNORE_SELF(object, function, data, old_function, old_data)                            \
  GC_register_finalizer_ignore_self(object, function, data, old_function, old_data)
#define GC_REGISTER_FINALIZER_NO_ORDER(object, function, data, old_function, old_data)                               \
  GC_register_finalizer_no_order(object, function, data, old_function, old_data)
#define GC_REGISTER_FINALIZER_UNREACHABLE(object, function, data, old_function, old_data)                            \
  GC_register_finalizer_unreachable(object, function, data, old_function, old_data)
#define GC_END_STUBBORN_CHANGE(object)                      GC_end_stubborn_change(object)
#define GC_PTR_STORE_AND_DIRTY(p, q)                        GC_ptr_store_and_dirty(p, q)
#define GC_GENERAL_REGISTER_DISAPPEARING_LINK(link, object) GC_general_register_disappearing_link(link, object)
#define GC_REGISTER_LONG_LINK(link, object)                 GC_register_long_link(link, object)
#define GC_REGISTER_DISPLACEMENT(offset)                    GC_register_displacement(offset)
#endif
#define GC_MALLOC_STUBBORN(size)   GC_MALLOC(size)
#define GC_CHANGE_STUBBORN(object) GC_change_stubborn(object)

#define GC_NEW(type)               ((type *)GC_MALLOC(sizeof(type)))
#define GC_NEW_ATOMIC(type)        ((type *)GC_MALLOC_ATOMIC(sizeof(type)))
#define GC_NEW_STUBBORN(type)      GC_NEW(type)
#define GC_NEW_UNCOLLECTABLE(type) ((type *)GC_MALLOC_UNCOLLECTABLE(sizeof(type)))

#if defined(GC_DEBUG) && defined(__GNUC__)
#define GC_PTR_ADD3(x, n, type)   ((type)GC_same_obj((x) + (n), (x)))
#define GC_PRE_INCR3(x, n, type)  ((type)GC_pre_incr((void **)(&(x)), (n) * sizeof(*x)))
#define GC_POST_INCR3(x, n, type) ((type)GC_post_incr((void **)(&(x)), (n) * sizeof(*x)))
#define GC_PTR_ADD(x, n)          GC_PTR_ADD3(x, n, __typeof__(x))
#define GC_PRE_INCR(x, n)         GC_PRE_INCR3(x, n, __typeof__(x))
#define GC_POST_INCR(x)           GC_POST_INCR3(x, 1, __typeof__(x))
#define GC_POST_DECR(x)           GC_POST_INCR3(x, -1, __typeof__(x))
#else
#define GC_PTR_ADD(x, n)  ((x) + (n))
#define GC_PRE_INCR(x, n) ((x) += (n))
#define GC_POST_INCR(x)   ((x)++)
#define GC_POST_DECR(x)   ((x)--)
#endif
#ifdef GC_DEBUG
#define GC_PTR_STORE(p, q) (*(void **)GC_is_visible((void *)(p)) = GC_is_valid_displacement((void *)(q)))
#else
#define GC_PTR_STORE(p, q) (*(void **)(p) = (void *)(q))
#endif

/* ---- Variables. Programs should call the functions; those that read or write these are served as well: they are read
 * when they matter. ---- */

GC_API GC_ATTR_DEPRECATED GC_word GC_gc_no;
GC_API GC_ATTR_DEPRECATED int GC_parallel;
GC_API GC_ATTR_DEPRECATED GC_oom_func GC_oom_fn;
GC_API GC_ATTR_DEPRECATED GC_on_heap_resize_proc GC_on_heap_resize;
GC_API GC_ATTR_DEPRECATED int GC_find_leak;
GC_API GC_ATTR_DEPRECATED int GC_all_interior_pointers;
GC_API GC_ATTR_DEPRECATED int GC_finalize_on_demand;
GC_API GC_ATTR_DEPRECATED int GC_java_finalization;
GC_API GC_ATTR_DEPRECATED GC_finalizer_notifier_proc GC_finalizer_notifier;
#ifdef GC_DONT_GC
GC_API int GC_dont_gc;
#else
GC_API GC_ATTR_DEPRECATED int GC_dont_gc;
#endif
GC_API GC_ATTR_DEPRECATED int GC_dont_expand;
GC_API GC_ATTR_DEPRECATED int GC_use_entire_heap;
GC_API GC_ATTR_DEPRECATED int GC_full_freq;
GC_API GC_ATTR_DEPRECATED GC_word GC_non_gc_bytes;
GC_API GC_ATTR_DEPRECATED int GC_no_dls;
GC_API GC_ATTR_DEPRECATED GC_word GC_free_space_divisor;
GC_API GC_ATTR_DEPRECATED GC_word GC_max_retries;
GC_API GC_ATTR_DEPRECATED char *GC_stackbottom;
GC_API GC_ATTR_DEPRECATED int GC_dont_precollect;
GC_API GC_ATTR_DEPRECATED unsigned long GC_time_limit;

#ifdef __cplusplus
}
#endif

#ifdef GC_PTHREADS
#include "gc_pthread_redirects.h"
#endif

/* ---- GC_INIT: GC_init, with settings that the program was compiled with ---- */

#ifdef GC_DONT_EXPAND
#define GC_INIT_CONF_DONT_EXPAND GC_set_dont_expand(1)
#else
#define GC_INIT_CONF_DONT_EXPAND
#endif
#ifdef GC_FORCE_UNMAP_ON_GCOLLECT
#define GC_INIT_CONF_FORCE_UNMAP_ON_GCOLLECT GC_set_force_unmap_on_gcollect(1)
#else
#define GC_INIT_CONF_FORCE_UNMAP_ON_GCOLLECT
#endif
#ifdef GC_DONT_GC
#define GC_INIT_CONF_MAX_RETRIES (void)(GC_dont_gc = 1)
#elif defined(GC_MAX_RETRIES)
#define GC_INIT_CONF_MAX_RETRIES GC_set_max_retries(GC_MAX_RETRIES)
#else
#define GC_INIT_CONF_MAX_RETRIES
#endif
#ifdef GC_ALLOCD_BYTES_PER_FINALIZER
#define GC_INIT_CONF_ALLOCD_BYTES_PER_FINALIZER GC_set_allocd_bytes_per_finalizer(GC_ALLOCD_BYTES_PER_FINALIZER)
#else
#define GC_INIT_CONF_ALLOCD_BYTES_PER_FINALIZER
#endif
#ifdef GC_FREE_SPACE_DIVISOR
#define GC_INIT_CONF_FREE_SPACE_DIVISOR GC_set_free_space_divisor(GC_FREE_SPACE_DIVISOR)
#else
#define GC_INIT_CONF_FREE_SPACE_DIVISOR
#endif
#ifdef GC_FULL_FREQ
#define GC_INIT_CONF_FULL_FREQ GC_set_full_freq(GC_FULL_FREQ)
#else
#define GC_INIT_CONF_FULL_FREQ
#endif
#ifdef GC_TIME_LIMIT
#define GC_INIT_CONF_TIME_LIMIT GC_set_time_limit(GC_TIME_LIMIT)
#else
#define GC_INIT_CONF_TIME_LIMIT
#endif
#if defined(GC_MARKERS) && defined(GC_THREADS)
#define GC_INIT_CONF_MARKERS GC_set_markers_count(GC_MARKERS)
#else
#define GC_INIT_CONF_MARKERS
#endif
#if defined(GC_SIG_SUSPEND) && defined(GC_THREADS)
#define GC_INIT_CONF_SUSPEND_SIGNAL GC_set_suspend_signal(GC_SIG_SUSPEND)
#else
#define GC_INIT_CONF_SUSPEND_SIGNAL
#endif
#if defined(GC_SIG_THR_RESTART) && defined(GC_THREADS)
#define GC_INIT_CONF_THR_RESTART_SIGNAL GC_set_thr_restart_signal(GC_SIG_THR_RESTART)
#else
#define GC_INIT_CONF_THR_RESTART_SIGNAL
#endif
#ifdef GC_MAXIMUM_HEAP_SIZE
#define GC_INIT_CONF_MAXIMUM_HEAP_SIZE GC_set_max_heap_size(GC_MAXIMUM_HEAP_SIZE)
#else
#define GC_INIT_CONF_MAXIMUM_HEAP_SIZE
#endif
#define GC_INIT_CONF_ROOTS
#ifdef GC_IGNORE_WARN
#define GC_INIT_CONF_IGNORE_WARN GC_set_warn_proc(GC_ignore_warn_proc)
#else
#define GC_INIT_CONF_IGNORE_WARN
#endif
#ifdef GC_INITIAL_HEAP_SIZE
#define GC_INIT_CONF_INITIAL_HEAP_SIZE                                                                               \
  {                                                                                                                  \
    size_t heap_size = GC_get_heap_size();                                                                           \
    if (heap_size < (GC_INITIAL_HEAP_SIZE))                                                                          \
      (void)GC_expand_hp((GC_INITIAL_HEAP_SIZE)-heap_size);                                                          \
  }
#else
#define GC_INIT_CONF_INITIAL_HEAP_SIZE
#endif
#define GC_INIT()                                                                                                    \
  {                                                                                                                  \
    GC_INIT_CONF_DONT_EXPAND;                                                                                        \
    GC_INIT_CONF_FORCE_UNMAP_ON_GCOLLECT;                                                                            \
    GC_INIT_CONF_MAX_RETRIES;                                                                                        \
    GC_INIT_CONF_ALLOCD_BYTES_PER_FINALIZER;                                                                         \
    GC_INIT_CONF_FREE_SPACE_DIVISOR;                                                                                 \
    GC_INIT_CONF_FULL_FREQ;                                                                                          \
    GC_INIT_CONF_TIME_LIMIT;                                                                                         \
    GC_INIT_CONF_MARKERS;                                                                                            \
    GC_INIT_CONF_SUSPEND_SIGNAL;                                                                                     \
    GC_INIT_CONF_THR_RESTART_SIGNAL;                                                                                 \
    GC_INIT_CONF_MAXIMUM_HEAP_SIZE;                                                                                  \
    GC_init();                                                                                                       \
    GC_INIT_CONF_ROOTS;                                                                                              \
    GC_INIT_CONF_IGNORE_WARN;                                                                                        \
    GC_INIT_CONF_INITIAL_HEAP_SIZE;                                                                                  \
  }

#endif
