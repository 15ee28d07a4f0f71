/*
 * freehold.h: the C interface of the Freehold heap beyond the standard names.
 *
 * Linking with -lfreehold (or running under `freehold run`) already serves malloc, free and their kin. This header
 * adds the names that <stdlib.h> of some systems lacks, `fh_` twins of every one of them for programs that want this
 * heap beside another, heaps of one's own, and the accounts.
 *
 * Unless a comment says otherwise a function may be called from any thread, sets errno only when it fails, and is
 * not async-signal-safe (as malloc is not: POSIX.1-2017, 2.4.3).
 */
#ifndef FREEHOLD_H
#define FREEHOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FH_VERSION_MAJOR  0
#define FH_VERSION_MINOR  1
#define FH_VERSION_PATCH  0
#define FH_VERSION_STRING "0.1.0"

#ifdef __cplusplus
extern "C" {
#define FH_NOEXCEPT noexcept
#else
#define FH_NOEXCEPT
#endif

#define FH_API            __attribute__((visibility("default")))
#define FH_ALLOCATES(...) __attribute__((malloc, alloc_size(__VA_ARGS__), warn_unused_result))

/* The library's version, e.g. "0.1.0". Async-signal-safe. */
FH_API const char *fh_version(void) FH_NOEXCEPT;

/* ---- Twins of the standard names. Each keeps the promise of the name it is called after. ---- */

/* At least `size` bytes, aligned to 16, content undefined. size 0 gives a pointer of its own that may be freed.
 * NULL and ENOMEM when there is no memory, the limit is reached, or size > PTRDIFF_MAX (ISO C17 7.22.3.4). */
FH_API void *fh_malloc(size_t size) FH_NOEXCEPT FH_ALLOCATES(1);

/* An array of `count` objects of `size` bytes, all zero. NULL and ENOMEM also when count * size overflows. */
FH_API void *fh_calloc(size_t count, size_t size) FH_NOEXCEPT FH_ALLOCATES(1, 2);

/* `pointer`'s object with a new size, moved if need be; min(old, new) bytes are kept. pointer NULL: malloc(size).
 * size 0: frees the object and returns NULL with errno unchanged (as glibc does; C23 leaves it undefined). On
 * failure NULL and ENOMEM, and the old object stays as it was. */
FH_API void *fh_realloc(void *pointer, size_t size) FH_NOEXCEPT __attribute__((alloc_size(2), warn_unused_result));

/* realloc(pointer, count * size), with ENOMEM when the product overflows (POSIX.1-2024). */
FH_API void *fh_reallocarray(void *pointer, size_t count, size_t size) FH_NOEXCEPT
    __attribute__((alloc_size(2, 3), warn_unused_result));

/* realloc that frees `pointer` when it fails (FreeBSD's reallocf(3)). */
FH_API void *fh_reallocf(void *pointer, size_t size) FH_NOEXCEPT __attribute__((alloc_size(2), warn_unused_result));

/* `size` bytes aligned to `alignment`, a power of two; EINVAL if it is not one (C17 with DR 460: size need not be a
 * multiple of it). */
FH_API void *fh_aligned_alloc(size_t alignment, size_t size) FH_NOEXCEPT FH_ALLOCATES(2);

/* Stores the object in *result and returns 0; else returns EINVAL (alignment not a power of two multiple of
 * sizeof(void *)) or ENOMEM, leaving *result and errno alone (POSIX.1-2017). */
FH_API int fh_posix_memalign(void **result, size_t alignment, size_t size) FH_NOEXCEPT;

/* As aligned_alloc, for programs older than it. */
FH_API void *fh_memalign(size_t alignment, size_t size) FH_NOEXCEPT FH_ALLOCATES(2);
/* Aligned to a page. */
FH_API void *fh_valloc(size_t size) FH_NOEXCEPT FH_ALLOCATES(1);
/* Aligned to a page and rounded up to whole pages. */
FH_API void *fh_pvalloc(size_t size) FH_NOEXCEPT __attribute__((malloc, warn_unused_result));

/* Gives an object back. NULL does nothing; errno is kept. Any other pointer this heap did not give out, or one it
 * has already taken back, is reported on standard error and ends the program (option on_misuse). */
FH_API void fh_free(void *pointer) FH_NOEXCEPT;
/* free with the size, or the size and the alignment, that were asked for (C23). A size that the object can't hold is
 * reported as misuse. */
FH_API void fh_free_sized(void *pointer, size_t size) FH_NOEXCEPT;
FH_API void fh_free_aligned_sized(void *pointer, size_t alignment, size_t size) FH_NOEXCEPT;

/* How many bytes the object may be used for; 0 for NULL. */
FH_API size_t fh_malloc_usable_size(const void *pointer) FH_NOEXCEPT;

/* Gives every free page back to the system now, but for about `pad` bytes kept for reuse. 1 if any was given back,
 * else 0. */
FH_API int fh_malloc_trim(size_t pad) FH_NOEXCEPT;

/* ---- Heaps of one's own. ---- */

/* A set of objects that can be freed all at once. Any thread may allocate from it (calls take turns on a lock of the
 * heap); its objects may also be given to free, realloc and malloc_usable_size. */
typedef struct fh_heap fh_heap;

/*
 * Flags of fh_heap_create.
 *
 * FH_HEAP_PROTECTED: the heap can be closed with fh_heap_protect. It has pages of its own, between guard pages, and what
 * describes its objects lies elsewhere: an access from outside that runs into it faults, open or closed, and so does
 * any access that it is closed to. Such a fault ends the program, with an explanation, unless the program has a handler
 * of SIGSEGV of its own; a system call that is given such memory fails with EFAULT. The addresses of its limit (64 MiB,
 * if 0) are reserved from the start. realloc of its objects keeps them in the heap.
 *
 * FH_HEAP_SECRET: the same, for secrets. No other process can read its memory where the kernel has memfd_secret(2), not
 * even root's debugger; elsewhere it is locked, and no core dump has it. What is freed is overwritten at once. A child
 * of fork has the objects, but all their bytes are 0, and so are they in the child of clone or vfork with memory of
 * its own. Its pages count against RLIMIT_MEMLOCK, and creating it fails with the kernel's errno (ENOMEM, EPERM,
 * EAGAIN) when that is used up.
 *
 * FH_HEAP_MAY_SWAP, beside FH_HEAP_SECRET: secrets that can't be locked in memory are kept all the same; they may be
 * written to swap then. fh_heap_secrecy says what it came to.
 */
#define FH_HEAP_PROTECTED 1u
#define FH_HEAP_SECRET    2u
#define FH_HEAP_MAY_SWAP  4u

struct fh_heap_options {
  size_t struct_bytes; /* sizeof(struct fh_heap_options), so that later versions can add fields */
  size_t limit_bytes; /* the most the heap may take from the system, 0: no limit; rounded up to 64 KiB, or to pages */
  bool zeroed;        /* every object comes all zero, as from calloc */
  const char *name;   /* what reports call it; copied, cut at 31 bytes; may be NULL */
  unsigned flags;     /* FH_HEAP_* */
};

struct fh_heap_totals {
  size_t live_objects;
  size_t live_bytes;  /* usable bytes of the live objects */
  size_t held_bytes;  /* what the heap has taken, live or free */
  size_t limit_bytes; /* 0: none */
};

/* A new heap; options NULL means all defaults. NULL with EINVAL (struct_bytes or flags unknown), ENOMEM, or what the kernel
 * says to FH_HEAP_SECRET. */
FH_API fh_heap *fh_heap_create(const struct fh_heap_options *options) FH_NOEXCEPT;
/* Frees every object of the heap and the heap. Objects of it must not be used, or be freed, any more: no other thread may be
 * inside a call on this heap or its objects. NULL does nothing. */
FH_API void fh_heap_destroy(fh_heap *heap) FH_NOEXCEPT;

FH_API void *fh_heap_malloc(fh_heap *heap, size_t size) FH_NOEXCEPT FH_ALLOCATES(2);
FH_API void *fh_heap_calloc(fh_heap *heap, size_t count, size_t size) FH_NOEXCEPT FH_ALLOCATES(2, 3);
/* As realloc; the object stays in, or comes from, `heap`. */
FH_API void *fh_heap_realloc(fh_heap *heap, void *pointer, size_t size) FH_NOEXCEPT
    __attribute__((alloc_size(3), warn_unused_result));
FH_API void *fh_heap_aligned_alloc(fh_heap *heap, size_t alignment, size_t size) FH_NOEXCEPT FH_ALLOCATES(3);
/* Frees one object; an object of another heap is reported as misuse. */
FH_API void fh_heap_free(fh_heap *heap, void *pointer) FH_NOEXCEPT;
/* Fills *out. 0, or -1 with EINVAL when an argument is NULL. */
FH_API int fh_heap_statistics(fh_heap *heap, struct fh_heap_totals *out) FH_NOEXCEPT;

enum fh_heap_access { FH_HEAP_READ_WRITE, FH_HEAP_READ_ONLY, FH_HEAP_NO_ACCESS };

/* What all threads of this process may do with the objects of a heap made with FH_HEAP_PROTECTED or FH_HEAP_SECRET; a new
 * one is open (READ_WRITE). While it is not open, calls that allocate from it, and fh_heap_realloc, return NULL with
 * EACCES; free, realloc and fh_heap_free of its objects are misuse, reported as that of any bad pointer; statistics and
 * malloc_usable_size answer, and fh_heap_destroy destroys. A child of fork inherits the access.
 * 0, or -1 with EINVAL (an argument is none), ENOTSUP (the heap was made without those flags), or ENOMEM: then the access
 * is as it was. One system call, or none when nothing changes. */
FH_API int fh_heap_protect(fh_heap *heap, enum fh_heap_access access) FH_NOEXCEPT;

/* How a heap keeps its secrets: the least of what its pages got. */
enum fh_secrecy {
  FH_SECRECY_NONE,    /* not made with FH_HEAP_SECRET */
  FH_SECRECY_HIDDEN,  /* nobody but this process can read them (memfd_secret) */
  FH_SECRECY_LOCKED,  /* locked in memory, never dumped; whoever may trace the process can read them */
  FH_SECRECY_UNLOCKED /* the same, but they may be written to swap */
};
FH_API enum fh_secrecy fh_heap_secrecy(fh_heap *heap) FH_NOEXCEPT;

/* ---- Accounts. ---- */

enum fh_format { FH_FORMAT_TEXT, FH_FORMAT_JSON };

/* Writes this process's accounts to a file descriptor: what `freehold stat` prints. 0, or -1 with errno. */
FH_API int fh_accounts_print(int fd, enum fh_format format) FH_NOEXCEPT;

#ifdef __cplusplus
}
#endif
#endif
