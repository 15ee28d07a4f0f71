/* checked_heaps.c: heaps of one's own in libfreehold-check.so; own_heaps.c has them for the plain library. Their promises
 * are the same and stand in include/freehold.h. */
#include "api/heap_wish.h"
#include "check/closed.h"
#include "check/heaps.h"
#include "check/start.h"
#include "check/watch.h"
#include "heap/size_class.h"

#include <errno.h>

static void *or_no_memory(void *object, int saved_errno) {
  errno = object != NULL ? saved_errno : ENOMEM;
  return object;
}

fh_heap *fh_heap_create(const struct fh_heap_options *options) {
  struct stack_place place = STACK_HERE();
  struct fh_heap_options wish;
  int saved_errno = errno;
  if (!heap_wish_read(options, &wish)) {
    errno = EINVAL;
    return NULL;
  }
  if (!check_ready())
    return or_no_memory(NULL, saved_errno);
  struct heaps_wish own = {wish.limit_bytes, wish.zeroed, wish.name, NULL};
  if (heap_wish_is_vault(&wish)) {
    struct vault_wish vault_wish = heap_wish_for_vault(&wish);
    int failure;
    own.vault = vault_create(&vault_wish, &failure);
    if (own.vault == NULL) {
      errno = -failure;
      return NULL;
    }
  }
  void *handle = heaps_create(place, &own);
  if (handle == NULL && own.vault != NULL)
    vault_destroy(own.vault);
  return or_no_memory(handle, saved_errno);
}

void fh_heap_destroy(fh_heap *heap) {
  struct stack_place place = STACK_HERE();
  if (heap == NULL || !check_ready())
    return;
  int saved_errno = errno;
  watch_reclose_for(place.pc);
  heaps_destroy(place, heap);
  errno = saved_errno;
}

static void *take(const char *call, struct stack_place place, fh_heap *heap, size_t bytes, size_t alignment,
                  bool zeroed) {
  int saved_errno = errno;
  if (!check_ready())
    return or_no_memory(NULL, saved_errno);
  watch_reclose_for(place.pc);
  bool is_heap;
  struct vault *vault = heaps_vault(call, place, heap, &is_heap);
  if (!is_heap)
    return or_no_memory(NULL, saved_errno);
  if (vault != NULL) {
    int failure;
    void *object = vault_take(vault, bytes, alignment, zeroed, &failure);
    errno = object != NULL ? saved_errno : -failure;
    return object;
  }
  struct check_request request = {call,           place, bytes, alignment > GRANULE ? alignment : GRANULE,
                                  FH_FAMILY_HEAP, zeroed};
  return or_no_memory(heaps_allocate(heap, &request), saved_errno);
}

void *fh_heap_malloc(fh_heap *heap, size_t size) {
  return take("fh_heap_malloc", STACK_HERE(), heap, size, GRANULE, false);
}

void *fh_heap_calloc(fh_heap *heap, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    if (check_ready())
      check_impossible_size("fh_heap_calloc", STACK_HERE(), count, size);
    errno = ENOMEM;
    return NULL;
  }
  return take("fh_heap_calloc", STACK_HERE(), heap, bytes, GRANULE, true);
}

void *fh_heap_aligned_alloc(fh_heap *heap, size_t alignment, size_t size) {
  if (!is_power_of_two(alignment)) {
    errno = EINVAL;
    return NULL;
  }
  return take("fh_heap_aligned_alloc", STACK_HERE(), heap, size, alignment, false);
}

static void give(const char *call, struct stack_place place, fh_heap *heap, void *pointer) {
  if (pointer == NULL || !check_ready())
    return;
  int saved_errno = errno;
  watch_reclose_for(place.pc);
  bool is_heap;
  struct vault *vault = heaps_vault(call, place, heap, &is_heap);
  if (closed_concerns(pointer)) {
    closed_give(call, place, vault, pointer);
    errno = saved_errno;
    return;
  }
  if (is_heap)
    heaps_owns(call, place, heap, pointer); /* says what is wrong; it is freed all the same */
  check_free(call, place, pointer, FH_FAMILY_HEAP);
  errno = saved_errno;
}

void fh_heap_free(fh_heap *heap, void *pointer) {
  give("fh_heap_free", STACK_HERE(), heap, pointer);
}

void *fh_heap_realloc(fh_heap *heap, void *pointer, size_t size) {
  static const char call[] = "fh_heap_realloc";
  struct stack_place place = STACK_HERE();
  if (pointer == NULL)
    return take(call, place, heap, size, GRANULE, false);
  if (size == 0) {
    give(call, place, heap, pointer);
    return NULL;
  }
  int saved_errno = errno;
  if (!check_ready())
    return or_no_memory(NULL, saved_errno);
  watch_reclose_for(place.pc);
  bool is_heap;
  struct vault *vault = heaps_vault(call, place, heap, &is_heap);
  if (closed_concerns(pointer)) {
    int failure;
    void *resized = closed_resize(call, place, vault, pointer, size, &failure);
    errno = resized != NULL ? saved_errno : -failure;
    return resized;
  }
  if (is_heap)
    heaps_owns(call, place, heap, pointer);
  return or_no_memory(check_reallocate(call, place, pointer, size), saved_errno);
}

int fh_heap_protect(fh_heap *heap, enum fh_heap_access access) {
  int failure = -EINVAL, saved_errno = errno;
  if (heap != NULL && (unsigned)access <= FH_HEAP_NO_ACCESS && check_ready()) {
    bool is_heap;
    struct vault *vault = heaps_vault("fh_heap_protect", STACK_HERE(), heap, &is_heap);
    failure = vault != NULL ? vault_protect(vault, (enum vault_access)access) : is_heap ? -ENOTSUP : -EINVAL;
  }
  errno = failure != 0 ? -failure : saved_errno;
  return failure != 0 ? -1 : 0;
}

enum fh_secrecy fh_heap_secrecy(fh_heap *heap) {
  bool is_heap;
  int saved_errno = errno;
  struct vault *vault =
      heap != NULL && check_ready() ? heaps_vault("fh_heap_secrecy", STACK_HERE(), heap, &is_heap) : NULL;
  errno = saved_errno;
  return vault != NULL ? (enum fh_secrecy)vault_secrecy(vault) : FH_SECRECY_NONE;
}

int fh_heap_statistics(fh_heap *heap, struct fh_heap_totals *out) {
  bool is_heap = false;
  struct vault *vault = NULL;
  if (heap != NULL && out != NULL && check_ready())
    vault = heaps_vault("fh_heap_statistics", STACK_HERE(), heap, &is_heap);
  struct heaps_totals totals;
  if (!is_heap || (vault == NULL && !heaps_count(STACK_HERE(), heap, &totals))) {
    errno = EINVAL;
    return -1;
  }
  if (vault != NULL) {
    struct vault_totals own = vault_count(vault);
    *out = (struct fh_heap_totals){own.live_objects, own.live_bytes, own.held_bytes, own.limit_bytes};
    return 0;
  }
  *out = (struct fh_heap_totals){totals.live_objects, totals.live_bytes, totals.held_bytes, totals.limit_bytes};
  return 0;
}
