/*
 * new.cc: operator new and operator delete of C++17, all twenty of them, on this heap.
 *
 * Who calls whom is what [new.delete.single] and [new.delete.array] ask for:
 *
 *   new[](n)            -> new(n)              -> family_new, then the new_handler loop
 *   new[](n, align)     -> new(n, align)       -> family_new, then the new_handler loop
 *   delete[](p), delete(p, n), nothrow ...     -> delete(p)        -> family_delete
 *   the same with an alignment                 -> delete(p, align) -> family_delete
 *
 * The arrows to new(n) and delete(p) go through the dynamic linker's table, never straight to fh_malloc: a program that
 * replaces only these two (most that replace any do) must see every form arrive at its own, and its objects must never
 * come to fh_free. For the same reason the definitions are weak: an archive that carries all of them beside a program
 * that defines some would otherwise not link.
 *
 * (family_* is the heap: api/families.h.)
 *
 * In the plain library a size given to delete is not compared with the object's: deleting through a base class without a virtual destructor
 * passes the wrong one, and programs that do so run on every other heap.
 *
 * This file must not make libfreehold.so need libstdc++: the library is preloaded into C programs. Whatever it wants from
 * the C++ runtime is a weak reference. A C program that loads a C++ plug-in later has no runtime to bind when we are
 * loaded; then the runtime is looked up at the moment a throw is needed.
 */
#ifndef FH_NO_STANDARD_NAMES /* then the operators, too, are left to somebody else */

#include <cstddef>
#include <dlfcn.h>
#include <new>

#include "api/families.h"

extern "C" {
#define _Noreturn [[noreturn]]
#include "base/print.h"
#undef _Noreturn
}

#define FH_OPERATOR __attribute__((weak, visibility("default")))

/* A static archive is only searched for what a program needs, so there the references may be, and must be, strong: a
 * weak one would not bring the runtime's member in. */
#ifndef FH_STRONG_CXX_RUNTIME
#define FH_STRONG_CXX_RUNTIME 0
#endif

#if !FH_STRONG_CXX_RUNTIME
#define FH_RUNTIME_REFERENCE __attribute__((weak))
/* What the compiler emits by itself for catch (...). */
__asm__(".weak __gxx_personality_v0\n"
        ".weak __cxa_begin_catch\n"
        ".weak __cxa_end_catch\n"
        ".weak _Unwind_Resume\n"
        ".weak _ZSt9terminatev\n");
#else
#define FH_RUNTIME_REFERENCE
#endif

namespace std {
FH_RUNTIME_REFERENCE new_handler get_new_handler() noexcept;
[[noreturn]] FH_RUNTIME_REFERENCE void __throw_bad_alloc();
} // namespace std

extern "C" FH_RUNTIME_REFERENCE void __cxa_end_catch();

/* <new> declares all of them; the four that others are compared with or forwarded to must be known to be weak, that is,
 * possibly not ours, before their first use. */
FH_OPERATOR void *operator new(std::size_t size);
FH_OPERATOR void *operator new[](std::size_t size);
FH_OPERATOR void *operator new(std::size_t size, std::align_val_t alignment);
FH_OPERATOR void *operator new[](std::size_t size, std::align_val_t alignment);

namespace {

/* The two functions of the C++ runtime that a failed allocation needs. */
struct cxx_runtime {
  std::new_handler (*get_new_handler)() noexcept;
  void (*throw_bad_alloc)();
};

#if !FH_STRONG_CXX_RUNTIME
/* Asks for a library that is already loaded, whoever loaded it and however locally; loads nothing. */
COLD void *find_in_loaded_library(const char *library, const char *symbol) {
  void *handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr)
    return nullptr;
  void *address = dlsym(handle, symbol);
  dlclose(handle);
  return address;
}

COLD void *find_in_cxx_runtime(const char *symbol) {
  void *address = find_in_loaded_library("libstdc++.so.6", symbol);
  if (address == nullptr)
    address = find_in_loaded_library("libc++.so.1", symbol);
  if (address == nullptr)
    address = find_in_loaded_library("libc++abi.so.1", symbol);
  return address;
}
#endif

COLD cxx_runtime find_cxx_runtime() {
  cxx_runtime runtime = {std::get_new_handler, std::__throw_bad_alloc};
#if !FH_STRONG_CXX_RUNTIME
  if (runtime.get_new_handler == nullptr)
    runtime.get_new_handler =
        reinterpret_cast<std::new_handler (*)() noexcept>(find_in_cxx_runtime("_ZSt15get_new_handlerv"));
  if (runtime.throw_bad_alloc == nullptr)
    runtime.throw_bad_alloc = reinterpret_cast<void (*)()>(find_in_cxx_runtime("_ZSt17__throw_bad_allocv"));
#endif
  return runtime;
}

[[noreturn]] COLD void throw_bad_alloc(const cxx_runtime &runtime) {
  if (runtime.throw_bad_alloc == nullptr)
    warn("operator new: out of memory, and no C++ runtime is loaded that could throw std::bad_alloc: "
         "raise the limit, or use new (std::nothrow)",
         nullptr);
  else
    runtime.throw_bad_alloc();
  die(); /* after throw_bad_alloc not reached: the type of a looked-up function says nothing about returning */
}

/* One attempt; alignment 0 means the default one. */
void *try_allocate(std::size_t size, std::size_t alignment) noexcept {
  return family_new(size, alignment);
}

/* The new_handler loop, entered after a first failure. The handler frees something and returns, throws, or ends the
 * program; with none set, or with an alignment that no retry can satisfy, this throws std::bad_alloc. */
COLD void *allocate_with_handler(std::size_t size, std::size_t alignment) {
  const cxx_runtime runtime = find_cxx_runtime();
  if (alignment != 0 && !is_power_of_two(alignment))
    throw_bad_alloc(runtime);
  for (;;) {
    const std::new_handler handler = runtime.get_new_handler != nullptr ? runtime.get_new_handler() : nullptr;
    if (handler == nullptr)
      throw_bad_alloc(runtime);
    handler();
    void *object = try_allocate(size, alignment);
    if (object != nullptr)
      return object;
  }
}

/* As above for the forms that must not throw. Without a handler there is nothing to throw and nothing to catch, so that
 * a program out of memory is not asked for an exception object too. */
COLD void *allocate_with_handler_nothrow(std::size_t size, std::size_t alignment) noexcept {
  const cxx_runtime runtime = find_cxx_runtime();
  if (alignment != 0 && !is_power_of_two(alignment))
    return nullptr;
  for (;;) {
    const std::new_handler handler = runtime.get_new_handler != nullptr ? runtime.get_new_handler() : nullptr;
    if (handler == nullptr)
      return nullptr;
#if !FH_STRONG_CXX_RUNTIME
    /* Nothing could be caught here: better no handler than an exception out of a nothrow function. */
    if (__cxa_end_catch == nullptr)
      return nullptr;
#endif
    try {
      handler();
    } catch (...) {
      return nullptr;
    }
    void *object = try_allocate(size, alignment);
    if (object != nullptr)
      return object;
  }
}

/* The program's own operator new may throw whatever it likes; nothrow new turns it into nullptr. */
COLD void *replaced_new_nothrow(std::size_t size) noexcept {
  try {
    return ::operator new(size);
  } catch (...) {
    return nullptr;
  }
}

COLD void *replaced_new_nothrow(std::size_t size, std::align_val_t alignment) noexcept {
  try {
    return ::operator new(size, alignment);
  } catch (...) {
    return nullptr;
  }
}

/* The same for the array forms, which a program may replace by themselves. */
COLD void *replaced_new_array_nothrow(std::size_t size) noexcept {
  try {
    return ::operator new[](size);
  } catch (...) {
    return nullptr;
  }
}

COLD void *replaced_new_array_nothrow(std::size_t size, std::align_val_t alignment) noexcept {
  try {
    return ::operator new[](size, alignment);
  } catch (...) {
    return nullptr;
  }
}

} // namespace

/* ---- Names for this file's own definitions, to tell them from a program's replacements: an alias can't be replaced. ---- */

#define FH_OWN_ALIAS(target) __attribute__((alias(target), visibility("hidden"), malloc, alloc_size(1)))

extern "C" {
void *fh_own_new(std::size_t size) FH_OWN_ALIAS("_Znwm");
void *fh_own_new_array(std::size_t size) FH_OWN_ALIAS("_Znam");
void *fh_own_new_aligned(std::size_t size, std::align_val_t alignment) FH_OWN_ALIAS("_ZnwmSt11align_val_t");
void *fh_own_new_array_aligned(std::size_t size, std::align_val_t alignment) FH_OWN_ALIAS("_ZnamSt11align_val_t");
}

namespace {

using new_function = void *(*)(std::size_t);
using new_aligned_function = void *(*)(std::size_t, std::align_val_t);

bool new_is_own() {
  return static_cast<new_function>(&::operator new) == &fh_own_new;
}
bool new_array_is_own() {
  return static_cast<new_function>(&::operator new[]) == &fh_own_new_array;
}
bool new_aligned_is_own() {
  return static_cast<new_aligned_function>(&::operator new) == &fh_own_new_aligned;
}
bool new_array_aligned_is_own() {
  return static_cast<new_aligned_function>(&::operator new[]) == &fh_own_new_array_aligned;
}

} // namespace

/* ---- new, throwing. ---- */

FH_OPERATOR void *operator new(std::size_t size) {
  void *object = family_new(size, 0);
  if (LIKELY(object != nullptr))
    return object;
  return allocate_with_handler(size, 0);
}

FH_OPERATOR void *operator new[](std::size_t size) {
  return family_make_array(::operator new(size));
}

FH_OPERATOR void *operator new(std::size_t size, std::align_val_t alignment) {
  void *object = family_new(size, static_cast<std::size_t>(alignment));
  if (LIKELY(object != nullptr))
    return object;
  return allocate_with_handler(size, static_cast<std::size_t>(alignment));
}

FH_OPERATOR void *operator new[](std::size_t size, std::align_val_t alignment) {
  return family_make_array(::operator new(size, alignment));
}

/* ---- new, nothrow. ---- */

FH_OPERATOR void *operator new(std::size_t size, const std::nothrow_t &) noexcept {
  if (UNLIKELY(!new_is_own()))
    return replaced_new_nothrow(size);
  void *object = family_new(size, 0);
  if (LIKELY(object != nullptr))
    return object;
  return allocate_with_handler_nothrow(size, 0);
}

FH_OPERATOR void *operator new[](std::size_t size, const std::nothrow_t &nothrow) noexcept {
  if (UNLIKELY(!new_array_is_own()))
    return replaced_new_array_nothrow(size);
  return family_make_array(::operator new(size, nothrow));
}

FH_OPERATOR void *operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t &) noexcept {
  if (UNLIKELY(!new_aligned_is_own()))
    return replaced_new_nothrow(size, alignment);
  void *object = family_new(size, static_cast<std::size_t>(alignment));
  if (LIKELY(object != nullptr))
    return object;
  return allocate_with_handler_nothrow(size, static_cast<std::size_t>(alignment));
}

FH_OPERATOR void *operator new[](std::size_t size, std::align_val_t alignment,
                                 const std::nothrow_t &nothrow) noexcept {
  if (UNLIKELY(!new_array_aligned_is_own()))
    return replaced_new_array_nothrow(size, alignment);
  return family_make_array(::operator new(size, alignment, nothrow));
}

/* ---- delete. ---- */

FH_OPERATOR void operator delete(void *pointer) noexcept {
  family_delete(pointer);
}
FH_OPERATOR void operator delete[](void *pointer) noexcept {
  family_unmake_array(pointer);
  ::operator delete(pointer);
}
FH_OPERATOR void operator delete(void *pointer, std::size_t size) noexcept {
  family_check_size(pointer, size, 0);
  ::operator delete(pointer);
}
FH_OPERATOR void operator delete[](void *pointer, std::size_t size) noexcept {
  family_check_size(pointer, size, 1);
  ::operator delete[](pointer);
}
FH_OPERATOR void operator delete(void *pointer, const std::nothrow_t &) noexcept {
  ::operator delete(pointer);
}
FH_OPERATOR void operator delete[](void *pointer, const std::nothrow_t &) noexcept {
  ::operator delete[](pointer);
}

FH_OPERATOR void operator delete(void *pointer, std::align_val_t) noexcept {
  family_delete(pointer);
}
FH_OPERATOR void operator delete[](void *pointer, std::align_val_t alignment) noexcept {
  family_unmake_array(pointer);
  ::operator delete(pointer, alignment);
}
FH_OPERATOR void operator delete(void *pointer, std::size_t size, std::align_val_t alignment) noexcept {
  family_check_size(pointer, size, 0);
  ::operator delete(pointer, alignment);
}
FH_OPERATOR void operator delete[](void *pointer, std::size_t size, std::align_val_t alignment) noexcept {
  family_check_size(pointer, size, 1);
  ::operator delete[](pointer, alignment);
}
FH_OPERATOR void operator delete(void *pointer, std::align_val_t alignment, const std::nothrow_t &) noexcept {
  ::operator delete(pointer, alignment);
}
FH_OPERATOR void operator delete[](void *pointer, std::align_val_t alignment, const std::nothrow_t &) noexcept {
  ::operator delete[](pointer, alignment);
}

#endif
