/*
 * stack.h: where in the program are we? Call stacks, unwound by .eh_frame, so that code without frame pointers
 * gives them too, and stored once in the depot.
 *
 * All of this runs inside malloc and inside signal handlers: it allocates nothing with malloc, takes no lock that the
 * program or the loader could hold, never faults on a smashed stack, and keeps errno.
 */
#ifndef FREEHOLD_TRACE_STACK_H
#define FREEHOLD_TRACE_STACK_H

#include "base/bits.h"

#include <ucontext.h>

#define STACK_FRAMES_MOST 40

/* A stored stack; 0 is the empty one. */
typedef uint32_t stack_id;

/* The machine state that unwinding starts from. */
struct stack_place {
  uintptr_t pc, sp, fp;
};

/* Frames from `place` outwards: frames[0] is place.pc, the rest are return addresses. Returns how many; *cut (may be
 * NULL) says whether there were more. */
size_t stack_unwind(struct stack_place place, uintptr_t *frames, size_t most, bool *cut);

/* The same from a signal's context. */
size_t stack_unwind_context(const ucontext_t *context, uintptr_t *frames, size_t most, bool *cut);

/* The stack that begins at `place`, stored. `cheap` allows an answer from a cache by (pc, sp, and the next return
 * addresses), which costs some ten nanoseconds and in rare cases gives an earlier stack with the same innermost
 * frames. */
stack_id stack_store(struct stack_place place, bool cheap);

/* Stores frames that somebody unwound. */
stack_id stack_store_frames(const uintptr_t *frames, size_t count);

/* The frames of a stored stack; returns how many. */
size_t stack_load(stack_id id, uintptr_t *frames, size_t most);

/* How many different stacks are stored. */
size_t stack_count(void);

/* A number per stack that its user may count in; atomic. A `site` is an allocation's stack. NULL when there is
 * none. */
struct stack_site {
  union {
    struct { /* of the checker */
      uint32_t allocations, guarded, watched, clean;
    };
    struct { /* of the collector: what was lost and taken back */
      uint64_t lost_blocks, lost_bytes;
    };
  };
};
struct stack_site *stack_site_of(stack_id id);

/* Calls `visit` for every stack that was stored before; it may store others. */
void stack_each(void (*visit)(void *context, stack_id id, struct stack_site *site), void *context);

/* The library's own place: the caller's caller of a function that is called from the program, as the program's code
 * sees it. Used in functions the program calls: STACK_HERE() gives the place of the call in the program. */
#if defined(__x86_64__) || defined(__aarch64__)
#define STACK_HERE()                                                                                                 \
  ((struct stack_place){(uintptr_t)__builtin_return_address(0), (uintptr_t)__builtin_dwarf_cfa(),                    \
                        *(uintptr_t *)__builtin_frame_address(0)})
#endif

/* Code was unloaded, and other code may be where it was. Needed only by one who unloads without telling the
 * loader, or whose loader does not allocate by functions that store stacks: else it is noticed
 * (trace/rule_cache.h). */
void stack_forget_modules(void);

/* Once, by the main thread when the library is loaded. Works before that too, but code that replaces other code
 * may go unnoticed. */
void stack_start(void);

#endif
