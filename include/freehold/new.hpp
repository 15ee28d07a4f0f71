/*
 * freehold/new.hpp: this heap for C++ containers.
 *
 *   freehold::heap            a heap of one's own that ends with its scope
 *   freehold::memory_resource a std::pmr::memory_resource over a heap, or over the process's heap
 *   freehold::allocator<T>    a standard allocator over a heap, or over the process's heap
 *
 * Plain `new` and `delete` need none of this: a program that runs on Freehold already has them on it.
 *
 * What is allocated from a heap of one's own is gone when the heap ends: containers that use it must end before it.
 */
#ifndef FREEHOLD_NEW_HPP
#define FREEHOLD_NEW_HPP

#if __cplusplus < 201703L
#error "freehold/new.hpp needs C++17 or later (-std=c++17)"
#endif

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory_resource>
#include <new>
#include <type_traits>
#include <utility>

#include "../freehold.h"

namespace freehold {

/* What fh_malloc aligns every object to. */
inline constexpr std::size_t default_alignment = 16;

namespace detail {

/* heap nullptr is the process's heap. Throws std::bad_alloc. */
inline void *allocate(fh_heap *heap, std::size_t bytes, std::size_t alignment) {
  void *object;
  if (alignment <= default_alignment)
    object = heap == nullptr ? fh_malloc(bytes) : fh_heap_malloc(heap, bytes);
  else
    object = heap == nullptr ? fh_aligned_alloc(alignment, bytes) : fh_heap_aligned_alloc(heap, alignment, bytes);
  if (object == nullptr)
    throw std::bad_alloc();
  return object;
}

inline void deallocate(fh_heap *heap, void *pointer) noexcept {
  if (heap == nullptr)
    fh_free(pointer);
  else if (pointer != nullptr)
    fh_heap_free(heap, pointer);
}

} // namespace detail

/* Owns a heap: every object in it is freed when this ends. Can be moved, not copied. All calls but the destructor,
 * the moves and swap may come from several threads at once. */
class heap {
public:
  /* A heap with all defaults. Throws std::bad_alloc. */
  heap() : heap(nullptr, 0) {}

  /* name: shown in accounts, may be nullptr. limit_bytes: the most it may take from the system, 0 for no limit.
   * zeroed: objects come all zero. Throws std::bad_alloc. */
  explicit heap(const char *name, std::size_t limit_bytes = 0, bool zeroed = false) {
    fh_heap_options options = {};
    options.struct_bytes = sizeof options;
    options.limit_bytes = limit_bytes;
    options.zeroed = zeroed;
    options.name = name;
    handle_ = fh_heap_create(&options);
    if (handle_ == nullptr)
      throw std::bad_alloc();
  }

  /* Takes over a heap made by fh_heap_create; nullptr gives an empty owner. */
  explicit heap(fh_heap *handle) noexcept : handle_(handle) {}

  heap(const heap &) = delete;
  heap &operator=(const heap &) = delete;
  heap(heap &&other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  heap &operator=(heap &&other) noexcept {
    if (this != &other) {
      fh_heap_destroy(handle_);
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~heap() { fh_heap_destroy(handle_); }

  friend void swap(heap &left, heap &right) noexcept { std::swap(left.handle_, right.handle_); }

  /* The C heap, still owned by this; nullptr after a move away. */
  fh_heap *get() const noexcept { return handle_; }
  /* The C heap, now the caller's to destroy. */
  fh_heap *release() noexcept { return std::exchange(handle_, nullptr); }

  /* `bytes` bytes aligned to `alignment`, a power of two. Throws std::bad_alloc. */
  [[nodiscard]] void *allocate(std::size_t bytes, std::size_t alignment = default_alignment) {
    return detail::allocate(handle_, bytes, alignment);
  }
  void deallocate(void *pointer) noexcept { detail::deallocate(handle_, pointer); }

  /* `struct` is needed: the C function of the same name hides the type's. */
  struct ::fh_heap_totals statistics() const noexcept {
    struct ::fh_heap_totals figures = {};
    (void)::fh_heap_statistics(handle_, &figures);
    return figures;
  }

  /* fh_heap_protect: of a heap taken over from fh_heap_create with FH_HEAP_PROTECTED or FH_HEAP_SECRET. False with errno
   * set when the access stays as it was. While the heap is closed, allocate throws std::bad_alloc. */
  [[nodiscard]] bool protect(::fh_heap_access access) noexcept { return ::fh_heap_protect(handle_, access) == 0; }

private:
  fh_heap *handle_ = nullptr;
};

/* A polymorphic memory resource. Thread-safe. */
class memory_resource final : public std::pmr::memory_resource {
public:
  /* Over the process's heap. */
  memory_resource() noexcept = default;
  /* Over a heap that outlives this; nullptr is the process's heap. */
  explicit memory_resource(fh_heap *heap) noexcept : heap_(heap) {}
  explicit memory_resource(const heap &owner) noexcept : heap_(owner.get()) {}

  fh_heap *get() const noexcept { return heap_; }

private:
  void *do_allocate(std::size_t bytes, std::size_t alignment) override {
    return detail::allocate(heap_, bytes, alignment);
  }
  void do_deallocate(void *pointer, std::size_t, std::size_t) override { detail::deallocate(heap_, pointer); }
  bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override {
    if (this == &other)
      return true;
#if defined(__cpp_rtti)
    const auto *same_kind = dynamic_cast<const memory_resource *>(&other);
    return same_kind != nullptr && same_kind->heap_ == heap_;
#else
    return false; /* without type information only the same resource is known to be equal */
#endif
  }

  fh_heap *heap_ = nullptr;
};

/* A standard allocator. Two are equal when they allocate from the same heap. Moves and swaps of a container take the
 * allocator along, so that they never copy elements; a copied container allocates where its original does, and copy
 * assignment leaves a container on the heap it was made on. */
template <typename T> class allocator {
  static_assert(!std::is_const_v<T> && !std::is_volatile_v<T>, "freehold::allocator needs a type it may construct");

public:
  using value_type = T;
  using size_type = std::size_t;
  using difference_type = std::ptrdiff_t;
  using propagate_on_container_copy_assignment = std::false_type;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;
  using is_always_equal = std::false_type;

  /* Over the process's heap. */
  constexpr allocator() noexcept = default;
  /* Over a heap that outlives every container that uses this; nullptr is the process's heap. */
  explicit constexpr allocator(fh_heap *heap) noexcept : heap_(heap) {}
  explicit allocator(const heap &owner) noexcept : heap_(owner.get()) {}
  template <typename Other> constexpr allocator(const allocator<Other> &other) noexcept : heap_(other.get()) {}

  fh_heap *get() const noexcept { return heap_; }

  /* The largest array there can be: no object is larger than PTRDIFF_MAX bytes. */
  static constexpr size_type max_size() noexcept {
    return static_cast<size_type>(std::numeric_limits<std::ptrdiff_t>::max()) / sizeof(T);
  }

  /* Room for `count` objects, aligned as T asks for. Throws std::bad_array_new_length or std::bad_alloc. */
  [[nodiscard]] T *allocate(size_type count) {
    if (count > max_size())
      throw std::bad_array_new_length();
    return static_cast<T *>(detail::allocate(heap_, count * sizeof(T), alignof(T)));
  }
  void deallocate(T *pointer, size_type) noexcept { detail::deallocate(heap_, pointer); }

private:
  fh_heap *heap_ = nullptr;
};

template <typename Left, typename Right>
bool operator==(const allocator<Left> &left, const allocator<Right> &right) noexcept {
  return left.get() == right.get();
}
template <typename Left, typename Right>
bool operator!=(const allocator<Left> &left, const allocator<Right> &right) noexcept {
  return !(left == right);
}

} // namespace freehold

#endif
