/*
 * gc_allocator.h: allocators for the containers of the C++ library.
 *
 *   gc_allocator<T>                  collected; not looked at where T is known to have no pointers (GC_DECLARE_PTRFREE)
 *   gc_allocator_ignore_off_page<T>  the same for large arrays whose start is always pointed to
 *   traceable_allocator<T>           lives until the container frees it, and keeps what it points to
 */
#ifndef GC_ALLOCATOR_H
#define GC_ALLOCATOR_H

#include "gc.h"

#include <new>

#if defined(GC_NEW_ABORTS_ON_OOM) || defined(_LIBCPP_NO_EXCEPTIONS)
#define GC_ALLOCATOR_THROW_OR_ABORT() GC_abort_on_oom()
#else
#define GC_ALLOCATOR_THROW_OR_ABORT() throw std::bad_alloc()
#endif

struct GC_true_type {};
struct GC_false_type {};

template <class T> struct GC_type_traits { GC_false_type GC_is_ptr_free; };
#define GC_DECLARE_PTRFREE(T)                                                                                        \
  template <> struct GC_type_traits<T> { GC_true_type GC_is_ptr_free; }
GC_DECLARE_PTRFREE(char);
GC_DECLARE_PTRFREE(signed char);
GC_DECLARE_PTRFREE(unsigned char);
GC_DECLARE_PTRFREE(signed short);
GC_DECLARE_PTRFREE(unsigned short);
GC_DECLARE_PTRFREE(signed int);
GC_DECLARE_PTRFREE(unsigned int);
GC_DECLARE_PTRFREE(signed long);
GC_DECLARE_PTRFREE(unsigned long);
GC_DECLARE_PTRFREE(float);
GC_DECLARE_PTRFREE(double);
GC_DECLARE_PTRFREE(long double);

inline void *GC_selective_alloc(size_t bytes, GC_false_type, bool ignore_off_page) {
  void *object = ignore_off_page ? GC_MALLOC_IGNORE_OFF_PAGE(bytes) : GC_MALLOC(bytes);
  if (object == 0)
    GC_ALLOCATOR_THROW_OR_ABORT();
  return object;
}
inline void *GC_selective_alloc(size_t bytes, GC_true_type, bool ignore_off_page) {
  void *object = ignore_off_page ? GC_MALLOC_ATOMIC_IGNORE_OFF_PAGE(bytes) : GC_MALLOC_ATOMIC(bytes);
  if (object == 0)
    GC_ALLOCATOR_THROW_OR_ABORT();
  return object;
}

/* What the three have in common. `New` has a function that allocates. */
template <class T, class New> class GC_allocator_base {
public:
  typedef size_t size_type;
  typedef ptrdiff_t difference_type;
  typedef T *pointer;
  typedef const T *const_pointer;
  typedef T &reference;
  typedef const T &const_reference;
  typedef T value_type;

  pointer address(reference x) const { return &x; }
  const_pointer address(const_reference x) const { return &x; }
  T *allocate(size_type count, const void * = 0) {
    if (count > max_size())
      GC_ALLOCATOR_THROW_OR_ABORT();
    GC_type_traits<T> traits;
    return static_cast<T *>(New::take(count * sizeof(T), traits.GC_is_ptr_free));
  }
  void deallocate(pointer p, size_type) GC_NOEXCEPT { GC_FREE(p); }
  size_type max_size() const GC_NOEXCEPT { return size_t(-1) / 2 / sizeof(T); }
  void construct(pointer p, const T &value) { new (p) T(value); }
  void destroy(pointer p) { p->~T(); }
};

struct GC_new_collected {
  template <class Free> static void *take(size_t bytes, Free free) { return GC_selective_alloc(bytes, free, false); }
};
struct GC_new_ignore_off_page {
  template <class Free> static void *take(size_t bytes, Free free) { return GC_selective_alloc(bytes, free, true); }
};
struct GC_new_traceable {
  template <class Free> static void *take(size_t bytes, Free) {
    void *object = GC_MALLOC_UNCOLLECTABLE(bytes);
    if (object == 0)
      GC_ALLOCATOR_THROW_OR_ABORT();
    return object;
  }
};

#define GC_ALLOCATOR_CLASS(name, kind)                                                                               \
  template <class T> class name : public GC_allocator_base<T, kind> {                                                \
  public:                                                                                                            \
    template <class U> struct rebind { typedef name<U> other; };                                                     \
    name() GC_NOEXCEPT {}                                                                                            \
    name(const name &) GC_NOEXCEPT {}                                                                                \
    template <class U> GC_ATTR_EXPLICIT name(const name<U> &) GC_NOEXCEPT {}                                         \
    name &operator=(const name &) GC_NOEXCEPT { return *this; }                                                      \
    ~name() GC_NOEXCEPT {}                                                                                           \
  };                                                                                                                 \
  template <> class name<void> {                                                                                     \
  public:                                                                                                            \
    typedef size_t size_type;                                                                                        \
    typedef ptrdiff_t difference_type;                                                                               \
    typedef void *pointer;                                                                                           \
    typedef const void *const_pointer;                                                                               \
    typedef void value_type;                                                                                         \
    template <class U> struct rebind { typedef name<U> other; };                                                     \
  };                                                                                                                 \
  template <class T, class U> inline bool operator==(const name<T> &, const name<U> &) GC_NOEXCEPT {                 \
    return true;                                                                                                     \
  }                                                                                                                  \
  template <class T, class U> inline bool operator!=(const name<T> &, const name<U> &) GC_NOEXCEPT {                 \
    return false;                                                                                                    \
  }

GC_ALLOCATOR_CLASS(gc_allocator, GC_new_collected)
GC_ALLOCATOR_CLASS(gc_allocator_ignore_off_page, GC_new_ignore_off_page)
GC_ALLOCATOR_CLASS(traceable_allocator, GC_new_traceable)
#undef GC_ALLOCATOR_CLASS

#endif
