/*
 * gc_cpp.h: the collector for C++.
 *
 *   class A : public gc {};                  new A is collected
 *   class B : public gc_cleanup {};          the same, and the destructor is called when it is unreachable
 *   new (UseGC) T, new (UseGC, clean, data) T   collected; clean(object, data) when it is unreachable
 *   new (NoGC) T                             lives until delete; what it points to lives as long
 *   new (PointerFreeGC) T                    collected, and never looked at
 *
 * delete gives back any of them at once. Objects with a clean-up come in the order of their pointers, as with
 * GC_register_finalizer_ignore_self: in a cycle of them none is cleaned up. Of an array only the first element is. The
 * global operators new and delete are not touched.
 *
 * Define GC_NAMESPACE for the names in namespace boehmgc, and GC_NAME_CONFLICT to do without the name GC.
 */
#ifndef GC_CPP_H
#define GC_CPP_H

#include "gc.h"

#include <new>

#ifdef GC_NAMESPACE
#define GC_NS_QUALIFY(name) boehmgc::name
#else
#define GC_NS_QUALIFY(name) name
#endif
#define GC_cdecl GC_CALLBACK
#ifndef GC_NO_OPERATOR_NEW_ARRAY
#define GC_OPERATOR_NEW_ARRAY
#endif
#define GC_PLACEMENT_DELETE

#if defined(GC_NEW_ABORTS_ON_OOM) || defined(_LIBCPP_NO_EXCEPTIONS)
#define GC_OP_NEW_OOM_CHECK(object)                                                                                  \
  do {                                                                                                               \
    if (!(object))                                                                                                   \
      GC_abort_on_oom();                                                                                             \
  } while (0)
#else
#define GC_OP_NEW_OOM_CHECK(object)                                                                                  \
  do {                                                                                                               \
    if (!(object))                                                                                                   \
      throw std::bad_alloc();                                                                                        \
  } while (0)
#endif

#ifdef GC_NAMESPACE
namespace boehmgc {
#endif

enum GCPlacement {
  UseGC,
#ifndef GC_NAME_CONFLICT
  GC = UseGC,
#endif
  NoGC,
  PointerFreeGC
#ifdef GC_ATOMIC_UNCOLLECTABLE
  ,
  PointerFreeNoGC
#endif
};

/* For the operators below: memory of a placement, never NULL. */
inline void *GC_placement_malloc(size_t size, GCPlacement placement) {
  void *object;
  switch (placement) {
  case UseGC:
    object = GC_MALLOC(size);
    break;
  case PointerFreeGC:
    object = GC_MALLOC_ATOMIC(size);
    break;
#ifdef GC_ATOMIC_UNCOLLECTABLE
  case PointerFreeNoGC:
    object = GC_MALLOC_ATOMIC_UNCOLLECTABLE(size);
    break;
#endif
  case NoGC:
  default:
    object = GC_MALLOC_UNCOLLECTABLE(size);
  }
  GC_OP_NEW_OOM_CHECK(object);
  return object;
}

class gc {
public:
  inline void *operator new(size_t size) { return GC_placement_malloc(size, UseGC); }
  inline void *operator new(size_t size, GCPlacement placement) { return GC_placement_malloc(size, placement); }
  inline void *operator new(size_t, void *place) GC_NOEXCEPT { return place; }
  inline void operator delete(void *object) GC_NOEXCEPT { GC_FREE(object); }
  inline void operator delete(void *object, GCPlacement) GC_NOEXCEPT { GC_FREE(object); }
  inline void operator delete(void *, void *) GC_NOEXCEPT {}
#ifdef GC_OPERATOR_NEW_ARRAY
  inline void *operator new[](size_t size) {
    return GC_placement_malloc(size, UseGC);
  }
  inline void *operator new[](size_t size, GCPlacement placement) {
    return GC_placement_malloc(size, placement);
  }
  inline void *operator new[](size_t, void *place) GC_NOEXCEPT {
    return place;
  }
  inline void operator delete[](void *object) GC_NOEXCEPT {
    GC_FREE(object);
  }
  inline void operator delete[](void *object, GCPlacement) GC_NOEXCEPT {
    GC_FREE(object);
  }
  inline void operator delete[](void *, void *) GC_NOEXCEPT {}
#endif
};

class gc_cleanup : virtual public gc {
public:
  inline gc_cleanup();
  inline virtual ~gc_cleanup();

private:
  inline static void GC_cdecl cleanup(void *object, void *offset);
};

extern "C" {
typedef void(GC_CALLBACK *GCCleanUpFunc)(void *object, void *data);
}

inline gc_cleanup::~gc_cleanup() {
#ifndef GC_NO_FINALIZATION
  void *base = GC_base(this);
  if (base != 0)
    GC_register_finalizer_ignore_self(base, 0, 0, 0, 0);
#endif
}

inline void GC_CALLBACK gc_cleanup::cleanup(void *object, void *offset) {
  ((gc_cleanup *)((char *)object + (ptrdiff_t)offset))->~gc_cleanup();
}

/* Of several of them within one object, the first one constructed cleans up. */
inline gc_cleanup::gc_cleanup() {
#ifndef GC_NO_FINALIZATION
  void *self = (void *)this;
  void *base = GC_base(self);
  if (base != 0) {
    GC_finalization_proc old_function = 0;
    void *old_data = 0;
    GC_register_finalizer_ignore_self(base, (GC_finalization_proc)cleanup, (void *)((char *)self - (char *)base),
                                      &old_function, &old_data);
    if (old_function != 0)
      GC_register_finalizer_ignore_self(base, old_function, old_data, 0, 0);
  }
#endif
}

#ifdef GC_NAMESPACE
}
#endif

inline void *operator new(size_t size, GC_NS_QUALIFY(GCPlacement) placement, GC_NS_QUALIFY(GCCleanUpFunc) clean = 0,
                          void *data = 0) {
  void *object = GC_NS_QUALIFY(GC_placement_malloc)(size, placement);
#ifndef GC_NO_FINALIZATION
  if (clean != 0 && placement == GC_NS_QUALIFY(UseGC))
    GC_REGISTER_FINALIZER_IGNORE_SELF(object, clean, data, 0, 0);
#else
  (void)clean;
  (void)data;
#endif
  return object;
}

inline void operator delete(void *object, GC_NS_QUALIFY(GCPlacement), GC_NS_QUALIFY(GCCleanUpFunc),
                            void *) GC_NOEXCEPT {
  GC_FREE(object);
}

#ifdef GC_OPERATOR_NEW_ARRAY
inline void *operator new[](size_t size, GC_NS_QUALIFY(GCPlacement) placement, GC_NS_QUALIFY(GCCleanUpFunc) clean = 0,
                            void *data = 0) {
  return ::operator new(size, placement, clean, data);
}

inline void operator delete[](void *object, GC_NS_QUALIFY(GCPlacement), GC_NS_QUALIFY(GCCleanUpFunc),
                              void *) GC_NOEXCEPT {
  GC_FREE(object);
}
#endif

#endif
