/*
 * The walk from frame to frame.
 *
 * 1. Each frame's rule is looked up by its pc (rule_cache.h). Nearly all rules need sp and fp only, and are followed in
 *    the loop below.
 * 2. A rule that needs more is worked out from .eh_frame anew. When that asks for a register that was not followed, the
 *    walk starts again and follows all of them.
 * 3. Where nothing is known (code made at run time, assembly without unwind information), a frame pointer is believed
 *    when it points into the stack, above sp.
 *
 * Every load is checked (stack_range.h). The walk ends at the first thing that can't be.
 */
#include "trace/unwind.h"
#include "trace/registers.h"
#include "trace/rule_cache.h"
#include "space/kernel.h"

/* No code lies below, or, as a user's address, at or above. */
#define CODE_LOW  ((uintptr_t)4096)
#define CODE_HIGH ((uintptr_t)1 << 47)
/* A frame that has no unwind information is not larger, or its frame pointer is something else. */
#define PLAIN_FRAME_MOST (1 * MIB)

struct walk {
  struct registers registers;
  struct stack_range known;
  bool exact; /* registers.pc is the instruction itself, not the one after a call */
};

enum walk_step { WALK_ON, WALK_END, WALK_AGAIN /* following all registers */ };

ALWAYS_INLINE bool may_be_code(uintptr_t pc) {
  return pc - CODE_LOW < CODE_HIGH - CODE_LOW;
}

/* From now on only these are known. */
ALWAYS_INLINE void keep_few(struct walk *walk, uintptr_t pc, uintptr_t sp, uintptr_t fp) {
  struct registers *registers = &walk->registers;
  registers->pc = pc;
  registers->value[REGISTER_SP] = sp;
  registers->value[REGISTER_FP] = fp;
  registers->known = REGISTER_BIT(REGISTER_SP) | REGISTER_BIT(REGISTER_FP);
  walk->exact = false;
}

static bool in_module(uintptr_t pc) {
  struct module module;
  return may_be_code(pc) && module_find(pc, &module);
}

/* ---- The kernel's frame of a signal, where .eh_frame does not tell ---- */

#if defined(__x86_64__)
/* mov $15,%rax; syscall */
static const uint8_t return_from_signal[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
#define CONTEXT_ABOVE_SP 0
#define CONTEXT_WORDS    (offsetof(ucontext_t, uc_mcontext.gregs) / 8 + REG_RIP + 1)
#elif defined(__aarch64__)
/* mov x8, #139; svc #0 */
static const uint8_t return_from_signal[] = {0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4};
#define CONTEXT_ABOVE_SP 128 /* a siginfo_t */
#define CONTEXT_WORDS    (offsetof(ucontext_t, uc_mcontext.pc) / 8 + 1)
#endif

/* The pc is in a module, so that the code can be read. */
static bool step_signal(struct walk *walk) {
  struct module module;
  uintptr_t pc = walk->registers.pc;
  if (!module_find(pc, &module) || module.end - pc < sizeof return_from_signal ||
      __builtin_memcmp((const void *)pc, return_from_signal, sizeof return_from_signal) != 0)
    return false;
  ucontext_t context;
  uintptr_t from = walk->registers.value[REGISTER_SP] + CONTEXT_ABOVE_SP;
  uintptr_t *words = (uintptr_t *)&context;
  /* Up to the last register only: what comes after may be shorter in the kernel's frame. */
  for (size_t i = 0; i < CONTEXT_WORDS; i++)
    if (!range_read(&walk->known, from + i * sizeof *words, &words[i]))
      return false;
  registers_of_context(&walk->registers, &context);
  walk->exact = true;
  return true;
}

/* ---- Without unwind information ---- */

/* A jump to where no code is: what called left its return address on top of the stack, or in the link register. */
static bool step_wild_jump(struct walk *walk) {
  struct registers *registers = &walk->registers;
  uintptr_t sp = registers->value[REGISTER_SP], caller;
#if defined(__aarch64__)
  caller = registers->value[REGISTER_RETURN];
  if (!register_known(registers, REGISTER_RETURN))
    return false;
#else
  if (!range_read(&walk->known, sp, &caller))
    return false;
  sp += sizeof caller;
#endif
  if (!in_module(caller))
    return false;
  registers->pc = caller;
  registers->value[REGISTER_SP] = sp;
  walk->exact = false;
  return true;
}

static enum walk_step step_plain(struct walk *walk, bool module_known) {
  if (module_known && step_signal(walk))
    return WALK_ON;
  uintptr_t pc = walk->registers.pc;
  if (!module_known && walk->exact && !(may_be_code(pc) && kernel_readable(align_down(pc, 8))) &&
      step_wild_jump(walk))
    return WALK_ON;
  uintptr_t sp = walk->registers.value[REGISTER_SP], fp = walk->registers.value[REGISTER_FP];
  uintptr_t caller, caller_fp;
  if (!register_known(&walk->registers, REGISTER_FP) || fp < sp || fp - sp > PLAIN_FRAME_MOST ||
      fp % sizeof fp != 0 || !range_read(&walk->known, fp, &caller_fp) ||
      !range_read(&walk->known, fp + sizeof fp, &caller) || !may_be_code(caller))
    return WALK_END;
  keep_few(walk, caller, fp + 2 * sizeof fp, caller_fp);
  return WALK_ON;
}

/* ---- By all of .eh_frame ---- */

static enum walk_step step_by_row(struct walk *walk) {
  struct module module;
  struct cfi_row row;
  uintptr_t pc = walk->registers.pc - (walk->exact ? 0 : 1);
  if (!module_find(pc, &module))
    return step_plain(walk, false);
  if (!cfi_row_find(&module, pc, &row))
    return step_plain(walk, true);
#if defined(__aarch64__)
  if (row.signal)
    return step_signal(walk) ? WALK_ON : WALK_END;
#endif
  uintptr_t sp = walk->registers.value[REGISTER_SP];
  switch (cfi_step(&row, &walk->registers, &walk->known)) {
  case CFI_STEPPED:
    break;
  case CFI_UNKNOWN_REGISTER:
    return WALK_AGAIN;
  default:
    return WALK_END;
  }
  uintptr_t caller_sp = walk->registers.value[REGISTER_SP];
  /* Signals may come on another stack; else a caller's frame is above, but for leaf functions that have none. */
  if (!row.signal && (caller_sp < sp || (caller_sp == sp && !walk->exact)))
    return WALK_END;
  walk->exact = row.signal;
  return WALK_ON;
}

/* ---- The loop ---- */

ALWAYS_INLINE enum walk_step step_simple(struct walk *walk, frame_rule rule) {
  uintptr_t sp = walk->registers.value[REGISTER_SP], fp = walk->registers.value[REGISTER_FP], caller, cfa;
  uintptr_t caller_fp = fp;
  if (rule_kind(rule) == RULE_SIMPLE) {
    cfa = ((rule & RULE_FROM_FP) != 0 ? fp : sp) + rule_cfa_offset(rule);
    if ((rule & RULE_FP_SAVED) != 0 && UNLIKELY(!range_read(&walk->known, cfa + rule_fp_offset(rule), &caller_fp)))
      return WALK_END;
  } else {
    if (!range_read(&walk->known, fp + rule_cfa_offset(rule), &cfa))
      return WALK_END;
    if ((rule & RULE_FP_SAVED) != 0 && !range_read(&walk->known, fp + rule_fp_offset(rule), &caller_fp))
      return WALK_END;
  }
  if (UNLIKELY(cfa <= sp || cfa % sizeof cfa != 0) ||
      UNLIKELY(!range_read(&walk->known, cfa + rule_return_offset(rule), &caller)))
    return WALK_END;
  keep_few(walk, caller, cfa, caller_fp);
  return WALK_ON;
}

ALWAYS_INLINE enum walk_step step_once(struct walk *walk, bool all_registers) {
  if (UNLIKELY(all_registers))
    return step_by_row(walk);
  frame_rule rule = rule_find(walk->registers.pc - (walk->exact ? 0 : 1));
  if (LIKELY(rule_kind(rule) == RULE_SIMPLE) || rule_kind(rule) == RULE_REALIGNED)
    return step_simple(walk, rule);
  switch (rule_kind(rule)) {
  case RULE_ROW:
    return step_by_row(walk);
  case RULE_BARE:
    return step_plain(walk, true);
  case RULE_UNKNOWN:
    return step_plain(walk, false);
  default:
    return WALK_END;
  }
}

/* How many frames; SIZE_MAX: do it again, and follow all registers. */
ALWAYS_INLINE size_t walk_frames(struct walk *walk, bool all_registers, uintptr_t *frames, size_t most, bool *cut) {
  size_t count = 0;
  frames[count++] = walk->registers.pc;
  for (;;) {
    enum walk_step step = step_once(walk, all_registers);
    if (UNLIKELY(step == WALK_AGAIN) && !all_registers)
      return SIZE_MAX;
    if (step == WALK_AGAIN)
      step = step_plain(walk, true);
    if (UNLIKELY(step == WALK_END) || UNLIKELY(!may_be_code(walk->registers.pc)))
      return count;
    if (UNLIKELY(count == most)) {
      *cut = true;
      return count;
    }
    frames[count++] = walk->registers.pc;
  }
}

static COLD size_t walk_again(struct walk *walk, uintptr_t *frames, size_t most, bool *cut) {
  return walk_frames(walk, true, frames, most, cut);
}

size_t unwind_slots(struct stack_place place, uint32_t *offsets, size_t most, bool *by_fp) {
  struct walk walk;
  registers_of_place(&walk.registers, place);
  walk.known = stack_range_of(place.sp);
  walk.exact = false;
  const struct stack_range first = walk.known;
  bool fp_as_given = true;
  *by_fp = false;
  size_t count = 0;
  while (count < most) {
    frame_rule rule = rule_find(walk.registers.pc - 1);
    if (rule_kind(rule) != RULE_SIMPLE || step_simple(&walk, rule) != WALK_ON)
      break;
    if ((rule & RULE_FROM_FP) != 0 && fp_as_given)
      *by_fp = true;
    if ((rule & RULE_FP_SAVED) != 0)
      fp_as_given = false;
    uintptr_t slot = walk.registers.value[REGISTER_SP] + rule_return_offset(rule);
    /* Of another stack only what is on the page of sp is sure to be there for as long as sp is. */
    if (slot - place.sp > UINT32_MAX || !stack_range_has(&first, slot))
      break;
    offsets[count++] = (uint32_t)(slot - place.sp);
  }
  return count;
}

size_t stack_unwind(struct stack_place place, uintptr_t *frames, size_t most, bool *cut) {
  bool was_cut = false;
  size_t count = 0;
  if (most != 0) {
    struct walk walk;
    registers_of_place(&walk.registers, place);
    walk.known = stack_range_of(place.sp);
    walk.exact = false;
    count = walk_frames(&walk, false, frames, most, &was_cut);
    if (UNLIKELY(count == SIZE_MAX)) {
      registers_of_place(&walk.registers, place);
      walk.known = stack_range_of(place.sp);
      walk.exact = false;
      count = walk_again(&walk, frames, most, &was_cut);
    }
  }
  if (cut != NULL)
    *cut = was_cut || most == 0;
  return count;
}

size_t stack_unwind_context(const ucontext_t *context, uintptr_t *frames, size_t most, bool *cut) {
  bool was_cut = false;
  size_t count = 0;
  if (most != 0) {
    struct walk walk;
    registers_of_context(&walk.registers, context);
    walk.known = stack_range_of(walk.registers.value[REGISTER_SP]);
    walk.exact = true;
    count = walk_frames(&walk, false, frames, most, &was_cut);
    if (count == SIZE_MAX) {
      registers_of_context(&walk.registers, context);
      walk.known = stack_range_of(walk.registers.value[REGISTER_SP]);
      walk.exact = true;
      count = walk_again(&walk, frames, most, &was_cut);
    }
  }
  if (cut != NULL)
    *cut = was_cut || most == 0;
  return count;
}
