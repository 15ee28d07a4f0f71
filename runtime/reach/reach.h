/*
 * reach.h: what can the program still reach? Roots (registers, stacks of all threads, writable mappings, thread
 * locals, pointers that only the kernel holds), and marking from them.
 *
 * The room knows nothing of heaps: whoever asks says what an object is. So the leak finder marks checked objects and
 * the collector marks the heap's by the same code.
 */
#ifndef FREEHOLD_REACH_REACH_H
#define FREEHOLD_REACH_REACH_H

#include "base/bits.h"
#include "record/report.h"

#include <string.h>
#include <ucontext.h>

struct reach_object {
  uintptr_t start;
  size_t bytes;
  uint8_t *mark; /* a byte of the object's own; 0 before marking */
  void *owner;   /* whatever the finder wants */
  bool leaf;     /* it holds no pointers: chains end in it */
};

struct root_source; /* roots.h */

/* Which mappings are roots. The stacks of threads, from what is in use of them on, always are; so is what looks like a
 * stack nobody runs on at the moment: memory with a guard below it. */
enum reach_scope {
  REACH_EVERYTHING, /* all that can be written, and what only the kernel holds */
  REACH_DATA,       /* the data of the program and its libraries */
  REACH_STACKS,     /* nothing else */
};

/* The world that is marked. */
struct reach_world {
  /* The live object that `word`, any value, points into or exactly behind; false when there is none. */
  bool (*find)(uintptr_t word, struct reach_object *object);
  /* Ranges that are no roots although they are writable mappings: the heap, its descriptions, the checker's own. Up
   * to a pair of zeros. */
  const struct reach_range { uintptr_t start, end; } * excluded;
  /* No object starts below the one or ends above the other; saves most calls of `find`. Both 0: not known. */
  uintptr_t lowest, highest;
  enum reach_scope scope;
  /* Further mappings of memory that are roots although the scope leaves them out; may be NULL. */
  bool (*wanted)(uintptr_t start, uintptr_t end);
  /* For chains, each may be NULL: in place of `find`, where it matters whether the word stands on a stack or in a
   * register; and what gives roots that nobody else knows of to the source's reader: false when that ended it. */
  bool (*find_word)(uintptr_t word, bool stack, struct reach_object *object);
  bool (*more)(struct root_source *source);
};

/* Where a reference was found. */
struct reach_root {
  enum fh_root kind;
  uintptr_t at; /* address of the word, a register's number, or a descriptor */
  char name[64];
};

/*
 * Stops every other thread of this process, with their registers on their stacks; false with nothing stopped when
 * some did not stop in time (it may block the signal): what they hold in registers is then unknown, and the caller
 * says so. reach_resume lets them go. Between the two nothing may be done that could need a lock one of them holds;
 * signals of the calling thread wait. How it is done, and what the program may notice, is in threads.h.
 */
bool reach_stop_world(void);
void reach_resume_world(void);

/* The same, but those that did stop stay so: returns how many did not. reach_resume_world must be called in any case.
 * *threads (may be NULL) is how many there are, the calling one included. Of one that did not stop, all of its stack
 * counts, or from its stack pointer on where it waits in a system call. */
size_t reach_stop_most(size_t *threads);

/*
 * Stops the world, makes a copy of this process, lets the world go on, and runs `search` in the copy: there nothing
 * changes, and the threads' stacks and registers are as they were. The copy ends with `search`. It is no child that
 * the program could wait for. It must not take a lock that some thread may have held, and until it ends it keeps open
 * what the process had open. Returns its process id, or a negated errno. Async-signal-safe, one at a time.
 */
struct reach_snapshot {
  int process;            /* the one that was copied */
  size_t threads, missed; /* missed: of reach_stop_most */
  uint64_t stopped_at;    /* when the threads were asked to stop; as kernel_now */
};
int reach_in_copy(void (*search)(void *context, const struct reach_snapshot *snapshot), void *context);

/* In uc_flags, where the kernel has no such bit: the state is of a function that calls, so nothing below its stack
 * pointer is its own. */
#define REACH_CALLED (1ul << 32)

/* The calling function's state: the registers that calls keep, and its stack pointer. What is in other registers at a
 * call is of no use any more. */
ALWAYS_INLINE void reach_context(ucontext_t *here) {
  memset(here, 0, sizeof *here);
  here->uc_flags = REACH_CALLED;
#if defined(__x86_64__)
  greg_t *registers = here->uc_mcontext.gregs;
  __asm__ volatile("movq %%rbx, %0" : "=m"(registers[REG_RBX]));
  __asm__ volatile("movq %%rbp, %0" : "=m"(registers[REG_RBP]));
  __asm__ volatile("movq %%r12, %0" : "=m"(registers[REG_R12]));
  __asm__ volatile("movq %%r13, %0" : "=m"(registers[REG_R13]));
  __asm__ volatile("movq %%r14, %0" : "=m"(registers[REG_R14]));
  __asm__ volatile("movq %%r15, %0" : "=m"(registers[REG_R15]));
  __asm__ volatile("movq %%rsp, %0" : "=m"(registers[REG_RSP]));
#else
  unsigned long long *registers = (unsigned long long *)here->uc_mcontext.regs;
  __asm__ volatile("stp x19, x20, [%0, #152]\n\tstp x21, x22, [%0, #168]\n\tstp x23, x24, [%0, #184]\n\t"
                   "stp x25, x26, [%0, #200]\n\tstp x27, x28, [%0, #216]\n\tstr x29, [%0, #232]"
                   :
                   : "r"(registers)
                   : "memory");
  __asm__ volatile("mov %0, sp" : "=r"(here->uc_mcontext.sp));
#endif
}

/*
 * Marks everything that the roots reach: each object's mark byte becomes 1. `here` is the calling thread's state.
 * Takes its own memory from the kernel; false when there was none, with marks in any state. Ranges are read without
 * ever faulting; what was never touched is not read.
 */
bool reach_mark(const struct reach_world *world, const ucontext_t *here);

/* Marks from one object on with `mark`, what has no mark yet; for telling the directly lost from the indirectly.
 * Returns how many objects it marked, `start` not included, and their bytes in *bytes. */
size_t reach_mark_from(const struct reach_world *world, const struct reach_object *start, uint8_t mark,
                       size_t *bytes);

/* The shortest chain of references from a root to the object that `address` lies in. Fills up to `most` steps and
 * returns how many there are, 0 when nothing reaches it. Marks are all 0 before and in any state after. */
struct reach_step {
  uintptr_t from; /* where the reference stands */
  struct reach_object object;
};
size_t reach_chain(const struct reach_world *world, const ucontext_t *here, uintptr_t address,
                   struct reach_root *root, struct reach_step *steps, size_t most);

/* How many objects the shortest cycle of references through this one has: 0 for none, 1 when it points to itself.
 * Marks are all 0 before and in any state after. */
size_t reach_cycle(const struct reach_world *world, const struct reach_object *object);

/* Gives back what marking keeps for reach_mark_from and reach_cycle: memory, and two descriptors. */
void reach_forget(void);

#endif
