/*
 * Is a loaded value used? The code behind the load is read, not run, and the value followed through registers and
 * spills:
 *
 *   1. the load's destination is tainted; what is computed from something tainted is tainted, too
 *   2. tainted flags that decide something, a tainted part of an address, a tainted target of a branch, and a tainted
 *      register that a call takes an argument in are uses; a store is none
 *   3. a jump is followed, and a call that a fresh value is an argument of; behind a conditional jump that goes on
 *      forward both ways have to agree, and a loop is left
 *   4. nothing tainted left, the function's return, or code that ends or is too long: not a use; but when it was too
 *      long within a function that took the value for an argument, or that function is another module's, it is one
 *
 * Compilers evaluate a && b in any order when both may be loaded. So a tainted condition with another one behind it
 * that leads to the same place counts only when that other one can be read and leads elsewhere; and a tainted
 * condition that is stored in a register and combined with another there goes on as a value.
 *
 * A register that was loaded, stored elsewhere and happens to be one for arguments proves nothing at a call: it is
 * what a copy leaves behind. Such a value is *carried*. Nor does a call count for one of two neighbouring words that
 * are both loaded: they may be a struct, passed by value.
 */
#include "guard/instruction.h"
#include "guard/instruction_address.h"
#include "space/kernel.h"

#include <string.h>

#if defined(FH_INSTRUCTION_TABLE)

enum { STEPS_MOST = 128, FORKS_MOST = 5, SPILLS_MOST = 8, CALLS_MOST = 4, PEEKED_MOST = 4, WINDOW_BYTES = 96 };

enum taint { CLEAN, CARRIED, FRESH };

/* LOOPS: back at a place where the way had forked before; says nothing. */
enum verdict { GOES_ON, USED, NOT_USED, LOOPS };

/* Memory on the stack that holds the value. */
struct spill {
  uint64_t address;
  unsigned bytes;
};

struct state {
  uint64_t pc;
  /* Of each general register the lowest byte apart: setting it for a condition leaves the rest as it was. */
  uint8_t low[GENERAL_REGISTERS], rest[GENERAL_REGISTERS], vector[VECTOR_REGISTERS], flags;
  /* What the registers hold, where that is known. */
  uint64_t value[GENERAL_REGISTERS];
  uint32_t known;
  /* Registers with the loaded value, and with a sum that it is part of. */
  uint32_t loaded, sums;
  struct spill spills[SPILLS_MOST];
  unsigned spill_count;
  /* Where the calls that are followed return to. */
  uint64_t returns[CALLS_MOST];
  unsigned depth;
};

struct flow {
  uint64_t window_start;
  size_t window_count;
  uint8_t window[WINDOW_BYTES];
  unsigned steps_left;
  uint64_t stack; /* the stack pointer at the load */
  uint64_t load;  /* the address loaded from */
  bool neighbour_loaded;
  uint64_t forks[FORKS_MOST]; /* conditional jumps on the way */
  unsigned fork_count;
};

static const uint8_t argument_registers[] = {REGISTER_RDI, REGISTER_RSI, REGISTER_RDX, REGISTER_RCX, 8, 9};
enum { SYSCALL_ARGUMENT_4 = 10, VECTOR_ARGUMENTS = 8 };
/* What a call may change: rax, rcx, rdx, rsi, rdi, r8 to r11. */
enum { CALL_CLOBBERS = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 6 | 1 << 7 | 0xf << 8 };

static uint8_t most(uint8_t left, uint8_t right) {
  return left > right ? left : right;
}

static bool flow_decode(struct flow *flow, uint64_t pc, struct decoded_instruction *decoded) {
  uint64_t skip = pc - flow->window_start;
  if (skip < flow->window_count && instruction_decode(flow->window + skip, flow->window_count - skip, decoded))
    return true;
  if (skip == 0 && flow->window_count != 0)
    return false;
  flow->window_start = pc;
  flow->window_count = kernel_read_own(pc, flow->window, sizeof flow->window);
  return instruction_decode(flow->window, flow->window_count, decoded);
}

/* ---- Registers by role ---- */

static bool is_general(uint8_t role) {
  return (role & ROLE_CLASS) == ROLE_GENERAL;
}

static bool is_high_byte(const struct decoded_instruction *decoded, uint8_t role, unsigned number) {
  return role >> ROLE_SIZE_SHIFT == 0 && !decoded->extended && number >= 4 && number < 8;
}

static uint8_t register_taint(const struct state *state, const struct decoded_instruction *decoded, uint8_t role,
                              unsigned number) {
  if ((role & ROLE_CLASS) == ROLE_VECTOR)
    return state->vector[number & 31];
  if (!is_general(role))
    return CLEAN;
  number &= 15;
  if (is_high_byte(decoded, role, number))
    return state->rest[number - 4];
  if (role >> ROLE_SIZE_SHIFT == 0)
    return state->low[number];
  return most(state->low[number], state->rest[number]);
}

static void set_register(struct state *state, const struct decoded_instruction *decoded, uint8_t role,
                         unsigned number, uint8_t taint) {
  if ((role & ROLE_CLASS) == ROLE_VECTOR) {
    state->vector[number & 31] = taint;
    return;
  }
  if (!is_general(role))
    return;
  number &= 15;
  unsigned size = role >> ROLE_SIZE_SHIFT;
  if (is_high_byte(decoded, role, number)) {
    number -= 4;
    state->rest[number] = most(state->rest[number], taint);
  } else {
    state->low[number] = taint;
    if (size >= 2)
      state->rest[number] = taint;
    else if (size == 1)
      state->rest[number] = most(state->rest[number], taint);
  }
  state->known &= ~(1u << number);
}

static void set_general(struct state *state, unsigned number, uint8_t taint) {
  state->low[number] = state->rest[number] = taint;
  state->known &= ~(1u << number);
}

static uint8_t general_taint(const struct state *state, unsigned number) {
  return most(state->low[number], state->rest[number]);
}

static bool is_known(const struct state *state, unsigned number) {
  return number < GENERAL_REGISTERS && (state->known >> number & 1);
}

static void set_value(struct state *state, unsigned number, uint64_t value) {
  state->value[number] = value;
  state->known |= 1u << number;
}

static bool anything_tainted(const struct state *state) {
  uint8_t all = state->flags;
  for (unsigned number = 0; number < GENERAL_REGISTERS; number++)
    all |= state->low[number] | state->rest[number];
  for (unsigned number = 0; number < VECTOR_REGISTERS; number++)
    all |= state->vector[number];
  return all != 0 || state->spill_count != 0;
}

/* After a store of the value: what is still in registers is a copy of what was stored. */
static void mark_carried(struct state *state) {
  for (unsigned number = 0; number < GENERAL_REGISTERS; number++) {
    if (state->low[number] == FRESH)
      state->low[number] = CARRIED;
    if (state->rest[number] == FRESH)
      state->rest[number] = CARRIED;
  }
  for (unsigned number = 0; number < VECTOR_REGISTERS; number++)
    if (state->vector[number] == FRESH)
      state->vector[number] = CARRIED;
}

/* ---- Memory ---- */

static bool known_address(const struct state *state, const struct decoded_instruction *decoded, uint64_t *address) {
  *address = address_constant(decoded, state->pc);
  if (decoded->base != REGISTER_NONE) {
    if (!is_known(state, decoded->base))
      return false;
    *address += state->value[decoded->base];
  }
  if (decoded->index != REGISTER_NONE) {
    if (!is_known(state, decoded->index))
      return false;
    *address += state->value[decoded->index] << decoded->scale;
  }
  return decoded->segment == SEGMENT_NONE && !decoded->address32 && decoded->form->index_bytes == 0;
}

static bool overlaps(const struct spill *spill, uint64_t address, unsigned bytes) {
  return spill->address < address + bytes && address < spill->address + spill->bytes;
}

static bool is_spilled(const struct state *state, uint64_t address, unsigned bytes) {
  for (unsigned number = 0; number < state->spill_count; number++)
    if (overlaps(&state->spills[number], address, bytes))
      return true;
  return false;
}

static void store(struct flow *flow, struct state *state, uint64_t address, unsigned bytes, uint8_t taint) {
  for (unsigned number = 0; number < state->spill_count;) {
    struct spill *spill = &state->spills[number];
    if (taint == CLEAN && overlaps(spill, address, bytes))
      *spill = state->spills[--state->spill_count];
    else
      number++;
  }
  /* The frame of this function and of those that it was called from. */
  bool on_stack = address - (flow->stack - 4096) < 64 * KIB;
  if (taint != CLEAN && on_stack && state->spill_count < SPILLS_MOST && !is_spilled(state, address, bytes))
    state->spills[state->spill_count++] = (struct spill){address, bytes};
}

/* ---- One instruction ---- */

static bool is_plain_load(const struct decoded_instruction *decoded) {
  if (!decoded->has_memory)
    return false;
  if (decoded->map == MAP_ONE_BYTE)
    return decoded->opcode == 0x8b;
  return decoded->map == MAP_0F && (decoded->opcode == 0xb6 || decoded->opcode == 0xb7);
}

static bool argument_tainted(const struct flow *flow, const struct state *state) {
  if (flow->neighbour_loaded)
    return false;
  for (unsigned number = 0; number < ARRAY_LENGTH(argument_registers); number++)
    if (general_taint(state, argument_registers[number]) == FRESH)
      return true;
  for (unsigned number = 0; number < VECTOR_ARGUMENTS; number++)
    if (state->vector[number] == FRESH)
      return true;
  return false;
}

static void leave_call(struct state *state) {
  for (unsigned number = 0; number < GENERAL_REGISTERS; number++)
    if (CALL_CLOBBERS >> number & 1)
      set_general(state, number, CLEAN);
  memset(state->vector, CLEAN, sizeof state->vector);
  state->flags = CLEAN;
}

/* Whether the result doesn't depend on the operands. */
static bool has_fixed_result(const struct decoded_instruction *decoded) {
  const struct instruction_form *form = decoded->form;
  if ((form->traits & FORM_ZERO_IDIOM) && !decoded->has_memory && (form->traits & FORM_HAS_MODRM) &&
      form->immediate_bytes == 0) {
    unsigned other = (form->other_register & ROLE_READ) ? decoded->other_register : decoded->modrm_register;
    /* With bytes a number may mean another register. */
    bool bytes = is_general(form->modrm_operand) && form->modrm_operand >> ROLE_SIZE_SHIFT == 0;
    return other == decoded->modrm_operand && !bytes;
  }
  if (form->immediate_bytes == 0)
    return false;
  return (form->kind == FORM_AND && decoded->immediate == 0) || (form->kind == FORM_OR && decoded->immediate == -1);
}

/* What the registers hold after an instruction that is simple enough; the others have made them unknown. `before` is
 * the state before it. */
static void follow_values(const struct state *before, struct state *state,
                          const struct decoded_instruction *decoded) {
  const struct instruction_form *form = decoded->form;
  unsigned opcode = decoded->opcode, reg = decoded->modrm_register & 15, operand = decoded->modrm_operand & 15;
  uint64_t immediate = (uint64_t)decoded->immediate, address;
  if (form->kind == FORM_LEAVE) {
    if (is_known(before, REGISTER_RBP))
      set_value(state, REGISTER_RSP, before->value[REGISTER_RBP] + 8);
    else
      state->known &= ~(1u << REGISTER_RSP);
    return;
  }
  if (form->kind == FORM_ENTER)
    state->known &= ~(1u << REGISTER_RSP);
  if (form->kind != FORM_CALL && form->kind != FORM_RETURN && (form->stack_reads | form->stack_writes) != 0 &&
      is_known(before, REGISTER_RSP) && form->kind != FORM_ENTER)
    set_value(state, REGISTER_RSP, before->value[REGISTER_RSP] + form->stack_reads - form->stack_writes);
  if (decoded->map != MAP_ONE_BYTE || decoded->operand16)
    return;
  uint64_t cut = decoded->wide ? UINT64_MAX : UINT32_MAX;
  if (form->kind == FORM_ADDRESS) {
    if (known_address(before, decoded, &address))
      set_value(state, reg, address & cut);
  } else if (opcode >= 0xb8 && opcode <= 0xbf) {
    set_value(state, decoded->opcode_register & 15, immediate & cut);
  } else if (!decoded->has_memory) {
    if (opcode == 0x89 && is_known(before, reg))
      set_value(state, operand, before->value[reg] & cut);
    else if (opcode == 0x8b && is_known(before, operand))
      set_value(state, reg, before->value[operand] & cut);
    else if (opcode == 0xc7)
      set_value(state, operand, immediate & cut);
    else if ((opcode == 0x81 || opcode == 0x83) && is_known(before, operand)) {
      unsigned operation = decoded->modrm_register & 7;
      uint64_t value = before->value[operand];
      if (operation == 0)
        set_value(state, operand, (value + immediate) & cut);
      else if (operation == 4)
        set_value(state, operand, value & immediate & cut);
      else if (operation == 5)
        set_value(state, operand, (value - immediate) & cut);
    }
  }
}

static uint8_t sources_taint(const struct state *state, const struct decoded_instruction *decoded) {
  const struct instruction_form *form = decoded->form;
  uint8_t taint = CLEAN;
  if (form->modrm_register & ROLE_READ)
    taint = most(taint, register_taint(state, decoded, form->modrm_register, decoded->modrm_register));
  if ((form->modrm_operand & ROLE_READ) && !decoded->has_memory)
    taint = most(taint, register_taint(state, decoded, form->modrm_operand, decoded->modrm_operand));
  if (form->other_register & ROLE_READ)
    taint = most(taint, register_taint(state, decoded, form->other_register, decoded->other_register));
  if (form->opcode_register & ROLE_READ)
    taint = most(taint, register_taint(state, decoded, form->opcode_register, decoded->opcode_register));
  if (form->traits & FORM_REGISTER_IN_IMMEDIATE)
    taint = most(taint, state->vector[decoded->immediate >> 4 & 15]);
  if (form->traits & FORM_READS_XMM0)
    taint = most(taint, state->vector[0]);
  for (unsigned number = 0; number < GENERAL_REGISTERS; number++)
    if (form->implicit_reads >> number & 1)
      taint = most(taint, general_taint(state, number));
  return taint;
}

static bool address_tainted(const struct state *state, const struct decoded_instruction *decoded) {
  return (decoded->base != REGISTER_NONE && general_taint(state, decoded->base & 15) != CLEAN) ||
         (decoded->index != REGISTER_NONE && general_taint(state, decoded->index & 15) != CLEAN);
}

static bool is_string(const struct instruction_form *form) {
  return form->kind == FORM_STRING || form->kind == FORM_STRING_COMPARE;
}

/* Whether the word beside the loaded one is loaded here, for a register that a call takes an argument in. */
static bool loads_neighbour(const struct flow *flow, const struct decoded_instruction *decoded, uint64_t address) {
  return is_plain_load(decoded) &&
         (address + sizeof(uint64_t) == flow->load || flow->load + sizeof(uint64_t) == address);
}

static bool is_condition_to_register(const struct decoded_instruction *decoded) {
  return decoded->map == MAP_0F && (decoded->opcode & 0xf0) == 0x90 && !decoded->has_memory;
}

/* Whether a condition that goes to a register is soon combined with another. */
static bool is_combined(struct flow *flow, const struct state *state, const struct decoded_instruction *condition) {
  uint64_t pc = state->pc + condition->length;
  struct decoded_instruction decoded;
  for (unsigned number = 0; number < PEEKED_MOST && flow_decode(flow, pc, &decoded); number++, pc += decoded.length) {
    if (decoded.form->kind != FORM_AND && decoded.form->kind != FORM_OR)
      continue;
    bool has_other = decoded.form->immediate_bytes == 0;
    if (has_other && (decoded.modrm_register == condition->modrm_operand ||
                      (!decoded.has_memory && decoded.modrm_operand == condition->modrm_operand)))
      return true;
  }
  return false;
}

/* A sum with the loaded value itself is remembered: one that is put back to memory is a use. What was masked or shifted before
 * is not, since fields of some bits are put together that way, sometimes with add. */
static void note_sum(struct state *state, const struct decoded_instruction *decoded, unsigned number, bool loads) {
  const struct instruction_form *form = decoded->form;
  uint32_t bit = number < GENERAL_REGISTERS ? 1u << number : 0;
  uint32_t operands = bit;
  if (decoded->modrm_register < GENERAL_REGISTERS && form->modrm_register != 0)
    operands |= 1u << decoded->modrm_register;
  if (!decoded->has_memory && decoded->modrm_operand < GENERAL_REGISTERS && form->modrm_operand != 0)
    operands |= 1u << decoded->modrm_operand;
  bool is_sum = form->kind == FORM_ADD_OR_COMPARE && (state->loaded & operands) != 0;
  state->sums = is_sum ? state->sums | bit : state->sums & ~bit;
  bool is_load = loads && form->kind == FORM_PLAIN && form->bytes >= 4;
  state->loaded = is_load ? state->loaded | bit : state->loaded & ~bit;
}

/* A local variable on the stack is as good as a register, and may never be looked at. */
static bool stores_sum(const struct state *state, const struct decoded_instruction *decoded, uint8_t stored) {
  bool on_stack = decoded->base == REGISTER_RSP || decoded->base == REGISTER_RBP;
  return !on_stack && stored != CLEAN && decoded->form->kind == FORM_PLAIN &&
         decoded->modrm_register < GENERAL_REGISTERS && (state->sums >> decoded->modrm_register & 1) != 0 &&
         is_general(decoded->form->modrm_register);
}

/* Bits that are masked or joined with others are not followed further: which of them are later looked at can't be told, and a
 * field of some bits is made so. Nor is what a conditional move may have replaced. (The flags of a mask are its use.) */
static bool keeps_taint(const struct state *state, const struct decoded_instruction *decoded, uint8_t source) {
  const struct instruction_form *form = decoded->form;
  if (source == CLEAN)
    return false;
  if (form->kind == FORM_AND || form->kind == FORM_OR)
    return false;
  if (decoded->map != MAP_0F || (decoded->opcode & 0xf0) != 0x40)
    return true;
  return !decoded->has_memory && general_taint(state, decoded->modrm_register & 15) != CLEAN &&
         general_taint(state, decoded->modrm_operand & 15) != CLEAN;
}

/* Applies an instruction to the state. `loads`: it is the one whose load is looked into. */
static enum verdict step(struct flow *flow, struct state *state, const struct decoded_instruction *decoded,
                         bool loads) {
  const struct instruction_form *form = decoded->form;
  bool reads = (form->traits & FORM_READS) != 0, writes = (form->traits & FORM_WRITES) != 0;
  uint64_t address = 0;
  bool address_known = decoded->has_memory && known_address(state, decoded, &address);
  struct state before = *state;

  if (!loads && decoded->has_memory && (reads || writes) && address_tainted(state, decoded))
    return USED;
  if (form->kind == FORM_TABLE && general_taint(state, REGISTER_RAX) != CLEAN)
    return USED;
  if (!loads && is_string(form) &&
      (((form->traits & FORM_READS_SOURCE) && general_taint(state, REGISTER_RSI) != CLEAN) ||
       ((form->traits & (FORM_READS_TARGET | FORM_WRITES_TARGET)) && general_taint(state, REGISTER_RDI) != CLEAN) ||
       (decoded->repeat != 0 && general_taint(state, REGISTER_RCX) != CLEAN)))
    return USED;
  bool condition_kept = false;
  if ((form->traits & FORM_READS_FLAGS) && state->flags != CLEAN && !loads) {
    condition_kept = is_condition_to_register(decoded) && is_combined(flow, state, decoded);
    /* A jump's condition may be one of two; follow() looks. */
    if (!condition_kept && form->kind != FORM_CONDITIONAL_JUMP)
      return USED;
  }

  uint8_t registers = sources_taint(state, decoded), memory = CLEAN;
  if (loads) /* What a store by xchg leaves in its register is mostly of no interest: passing it on is no use of it. */
    memory = form->kind == FORM_EXCHANGE ? CARRIED : FRESH;
  else if (reads && address_known && is_spilled(state, address, form->bytes))
    memory = FRESH;
  else if (form->stack_reads != 0 && is_known(state, REGISTER_RSP) &&
           is_spilled(state, state->value[REGISTER_RSP], form->stack_reads))
    memory = FRESH;
  if (!loads && reads && address_known && loads_neighbour(flow, decoded, address))
    flow->neighbour_loaded = true;
  uint8_t source = most(registers, memory);
  if (condition_kept)
    source = FRESH;
  if (form->kind == FORM_ADDRESS && address_tainted(state, decoded))
    source = FRESH;

  switch (form->kind) {
  case FORM_CALL:
    if (source != CLEAN)
      return USED;
    if (argument_tainted(flow, state)) {
      /* A function that can be looked into says itself. */
      if ((form->traits & FORM_HAS_MODRM) || state->depth == CALLS_MOST || !is_known(state, REGISTER_RSP))
        return USED;
      state->returns[state->depth++] = state->pc + decoded->length;
      set_value(state, REGISTER_RSP, state->value[REGISTER_RSP] - 8);
      store(flow, state, state->value[REGISTER_RSP], 8, CLEAN);
      return GOES_ON;
    }
    leave_call(state);
    return GOES_ON;
  case FORM_SYSCALL:
    if (argument_tainted(flow, state) || general_taint(state, REGISTER_RAX) != CLEAN ||
        general_taint(state, SYSCALL_ARGUMENT_4) == FRESH)
      return USED;
    set_general(state, REGISTER_RAX, CLEAN);
    set_general(state, REGISTER_RCX, CLEAN);
    set_general(state, 11, CLEAN);
    return GOES_ON;
  case FORM_JUMP:
  case FORM_CONDITIONAL_JUMP:
  case FORM_RETURN:
    return source != CLEAN ? USED : GOES_ON;
  case FORM_STOP:
  case FORM_UNKNOWN:
    return NOT_USED;
  default:
    break;
  }
  if (loads && form->kind == FORM_ADD_OR_COMPARE && writes)
    return USED;

  bool fixed = has_fixed_result(decoded);
  if (fixed)
    source = registers = CLEAN;
  uint8_t result = keeps_taint(state, decoded, source) ? source : CLEAN;

  /* Where the results go. */
  if (form->kind == FORM_EXCHANGE) {
    uint8_t left = register_taint(state, decoded, form->modrm_register, decoded->modrm_register);
    if (decoded->has_memory) {
      registers = left;
      set_register(state, decoded, form->modrm_register, decoded->modrm_register, memory);
    } else {
      /* xchg with rax has one register in the opcode, and the other nowhere. */
      bool short_form = !(form->traits & FORM_HAS_MODRM);
      uint8_t role = short_form ? form->opcode_register : form->modrm_register;
      unsigned one = short_form ? decoded->opcode_register : decoded->modrm_register;
      unsigned two = short_form ? REGISTER_RAX : decoded->modrm_operand;
      left = register_taint(state, decoded, role, one);
      set_register(state, decoded, role, one, register_taint(state, decoded, role, two));
      set_register(state, decoded, role, two, left);
    }
  } else {
    if (form->modrm_register & ROLE_WRITE) {
      set_register(state, decoded, form->modrm_register, decoded->modrm_register, result);
      note_sum(state, decoded, decoded->modrm_register, loads);
    }
    if ((form->modrm_operand & ROLE_WRITE) && !decoded->has_memory) {
      set_register(state, decoded, form->modrm_operand, decoded->modrm_operand, result);
      note_sum(state, decoded, decoded->modrm_operand, loads);
    }
    if (form->other_register & ROLE_WRITE)
      set_register(state, decoded, form->other_register, decoded->other_register, source);
    if (form->opcode_register & ROLE_WRITE)
      set_register(state, decoded, form->opcode_register, decoded->opcode_register, source);
    for (unsigned number = 0; number < GENERAL_REGISTERS; number++) {
      if (!(form->implicit_writes >> number & 1))
        continue;
      if (is_string(form) && number != REGISTER_RAX)
        state->known &= ~(1u << number);
      else if (is_string(form) && form->element_bytes < 4)
        state->low[number] = source, state->known &= ~(1u << number);
      else
        set_general(state, number, source);
    }
  }
  if (form->traits & FORM_WRITES_FLAGS)
    state->flags = source;

  /* The load's own memory is not followed: what is put back there is not used. */
  if (writes && !loads) {
    uint8_t stored = reads && form->kind != FORM_EXCHANGE ? source : registers;
    if (!reads && stores_sum(state, decoded, stored))
      return USED;
    if (address_known)
      store(flow, state, address, form->bytes, stored);
    if (stored != CLEAN)
      mark_carried(state);
  }
  if (form->stack_writes != 0 && is_known(state, REGISTER_RSP)) {
    store(flow, state, state->value[REGISTER_RSP] - form->stack_writes, form->stack_writes, source);
    if (source != CLEAN)
      mark_carried(state);
  }
  if (is_string(form) && (form->traits & FORM_WRITES_TARGET) && registers != CLEAN)
    mark_carried(state);
  follow_values(&before, state, decoded);
  if (fixed && is_general(form->modrm_operand) && !decoded->has_memory && form->kind == FORM_PLAIN)
    set_value(state, decoded->modrm_operand & 15, 0);
  return GOES_ON;
}

/* What cmp and test with an immediate, on memory or a register, and the jump behind them make of what they are about.
 * False when it can't be told. */
static bool condition_holds(const struct state *state, uint64_t pc, const struct decoded_instruction *comparison,
                            const struct decoded_instruction *jump, bool *holds) {
  unsigned opcode = comparison->opcode, operation = comparison->modrm_register & 7;
  bool compares = opcode >= 0x80 && opcode <= 0x83 && operation == 7;
  bool tests = (opcode == 0xf6 || opcode == 0xf7) && operation == 0;
  bool tests_itself = (opcode == 0x84 || opcode == 0x85) && !comparison->has_memory &&
                      comparison->modrm_register == comparison->modrm_operand;
  if (comparison->map != MAP_ONE_BYTE || (!compares && !tests && !tests_itself))
    return false;
  unsigned bytes = (opcode & 1) == 0 ? 1 : comparison->operand16 ? 2 : comparison->wide ? 8 : 4;
  uint64_t value = 0, address;
  struct state here = *state;
  here.pc = pc;
  if (comparison->has_memory) {
    if (!known_address(&here, comparison, &address) || kernel_read_own(address, &value, bytes) != bytes)
      return false;
  } else {
    unsigned number = comparison->modrm_operand & 15;
    if (!is_known(state, number) || (bytes == 1 && !comparison->extended && number >= 4))
      return false;
    value = state->value[number];
  }
  unsigned unused = 64 - 8 * bytes;
  uint64_t left = value << unused, right = (uint64_t)comparison->immediate << unused;
  bool carry = false, overflow = false;
  uint64_t result = tests_itself ? left : left & right;
  if (compares) {
    result = left - right;
    carry = left < right;
    overflow = ((left ^ right) & (left ^ result)) >> 63;
  }
  bool zero = result == 0, sign = result >> 63, outcome;
  switch (jump->opcode >> 1 & 7) {
  case 0:
    outcome = overflow;
    break;
  case 1:
    outcome = carry;
    break;
  case 2:
    outcome = zero;
    break;
  case 3:
    outcome = carry || zero;
    break;
  case 4:
    outcome = sign;
    break;
  case 6:
    outcome = sign != overflow;
    break;
  case 7:
    outcome = sign != overflow || zero;
    break;
  default:
    return false;
  }
  *holds = outcome != (jump->opcode & 1);
  return true;
}

/* Of a tainted condition: from `pc` on, is the next one of such a kind that the first makes no difference, both
 * leading to `elsewhere`? */
static bool other_condition_decides(struct flow *flow, const struct state *state, uint64_t pc, uint64_t elsewhere) {
  struct decoded_instruction decoded, last;
  struct state after = *state;
  uint64_t last_pc = pc;
  bool compared = false;
  for (unsigned number = 0; number < PEEKED_MOST && flow_decode(flow, pc, &decoded); number++) {
    const struct instruction_form *form = decoded.form;
    uint64_t next = pc + decoded.length, target = next + (uint64_t)decoded.immediate;
    if (form->kind == FORM_CONDITIONAL_JUMP && compared) {
      /* Often the way there has a jump of its own. */
      struct decoded_instruction behind;
      uint64_t onward = next;
      if (flow_decode(flow, next, &behind) && behind.form->kind == FORM_JUMP &&
          !(behind.form->traits & FORM_HAS_MODRM))
        onward = next + behind.length + (uint64_t)behind.immediate;
      if (target != elsewhere && next != elsewhere && onward != elsewhere)
        return false;
      bool jumps;
      if (!condition_holds(&after, last_pc, &last, &decoded, &jumps))
        return true;
      return jumps == (target == elsewhere);
    }
    if (form->kind == FORM_CONDITIONAL_JUMP || form->kind == FORM_CALL || form->kind == FORM_RETURN ||
        (form->traits & (FORM_WRITES | FORM_WRITES_TARGET)) != 0 || form->stack_writes != 0)
      return false;
    compared = (form->traits & FORM_COMPARES) != 0;
    if (!compared) {
      /* Registers set on the way are not known any more. */
      after.known = 0;
    }
    last = decoded;
    last_pc = pc;
    pc = form->kind == FORM_JUMP && !(form->traits & FORM_HAS_MODRM) ? target : next;
  }
  return false;
}

/* At the end of code that can't be followed: what is inside of a call took the value for an argument. */
static enum verdict undecided(const struct state *state) {
  return state->depth != 0 ? USED : NOT_USED;
}

static enum verdict follow(struct flow *flow, struct state *state);

/* A conditional jump forward: both ways. */
static enum verdict follow_both(struct flow *flow, const struct state *state, uint64_t next, uint64_t target) {
  for (unsigned number = 0; number < flow->fork_count; number++)
    if (flow->forks[number] == state->pc)
      return LOOPS;
  if (flow->fork_count == FORKS_MOST)
    return NOT_USED;
  flow->forks[flow->fork_count++] = state->pc;
  struct state way = *state;
  way.pc = target;
  enum verdict verdict = follow(flow, &way);
  if (verdict != NOT_USED) {
    way = *state;
    way.pc = next;
    enum verdict other = follow(flow, &way);
    if (other != LOOPS)
      verdict = other;
  }
  flow->fork_count--;
  return verdict;
}

static enum verdict follow(struct flow *flow, struct state *state) {
  while (flow->steps_left > 0) {
    flow->steps_left--;
    struct decoded_instruction decoded;
    if (!anything_tainted(state))
      return NOT_USED;
    if (!flow_decode(flow, state->pc, &decoded))
      return undecided(state);
    unsigned depth = state->depth;
    enum verdict verdict = step(flow, state, &decoded, false);
    if (verdict != GOES_ON)
      return verdict;
    uint64_t next = state->pc + decoded.length, target = next + (uint64_t)decoded.immediate;
    switch (decoded.form->kind) {
    case FORM_RETURN:
      if (state->depth == 0)
        return NOT_USED; /* returned in a register, perhaps: as part of a struct, perhaps */
      next = state->returns[--state->depth];
      if (is_known(state, REGISTER_RSP))
        set_value(state, REGISTER_RSP, state->value[REGISTER_RSP] + 8);
      break;
    case FORM_CALL:
      if (state->depth > depth)
        next = target;
      break;
    case FORM_JUMP:
      if (decoded.form->traits & FORM_HAS_MODRM) {
        /* Through memory that the code names: a function of another module. Through a register: who knows. */
        if (decoded.relative && argument_tainted(flow, state))
          return USED;
        if (!decoded.relative || state->depth == 0)
          return NOT_USED;
        leave_call(state);
        next = state->returns[--state->depth];
        if (is_known(state, REGISTER_RSP))
          set_value(state, REGISTER_RSP, state->value[REGISTER_RSP] + 8);
        break;
      }
      next = target;
      break;
    case FORM_CONDITIONAL_JUMP:
      if (state->flags != CLEAN && (decoded.form->traits & FORM_READS_FLAGS))
        return other_condition_decides(flow, state, next, target) ||
                       other_condition_decides(flow, state, target, next)
                   ? NOT_USED
                   : USED;
      if (target > next)
        return follow_both(flow, state, next, target);
      break;
    default:
      break;
    }
    state->pc = next;
  }
  return undecided(state);
}

/* Whether `count` bytes are instructions of which each goes on to the next. */
static bool is_straight(const uint8_t *bytes, size_t count) {
  struct decoded_instruction decoded;
  for (size_t at = 0; at < count; at += decoded.length) {
    if (!instruction_decode(bytes + at, count - at, &decoded))
      return false;
    unsigned kind = decoded.form->kind;
    if (kind == FORM_CALL || kind == FORM_JUMP || kind == FORM_RETURN || kind == FORM_STOP)
      return false;
  }
  return true;
}

/* Whether some bytes before the load are a load of the word beside it. Instructions can't be read backwards: each
 * place is tried, and one that only looks like it costs a report, not a wrong one. */
static bool neighbour_was_loaded(const struct decoded_instruction *load, uint64_t pc) {
  enum { BEFORE = 24 };
  uint8_t bytes[BEFORE];
  if (!is_plain_load(load) || load->index != REGISTER_NONE ||
      kernel_read_own(pc - BEFORE, bytes, sizeof bytes) != sizeof bytes)
    return false;
  for (size_t start = 0; start < BEFORE; start++) {
    struct decoded_instruction decoded;
    if (instruction_decode(bytes + start, BEFORE - start, &decoded) && is_plain_load(&decoded) &&
        decoded.base == load->base && decoded.index == REGISTER_NONE &&
        (decoded.displacement + 8 == load->displacement || load->displacement + 8 == decoded.displacement) &&
        is_straight(bytes + start, BEFORE - start))
      return true;
  }
  return false;
}

/* Whether a conditional move moves: it reads its operand in any case. */
static bool condition_is_met(unsigned condition, uint64_t flags) {
  bool carry = flags & 1, parity = flags >> 2 & 1, zero = flags >> 6 & 1, sign = flags >> 7 & 1,
       overflow = flags >> 11 & 1;
  const bool met[8] = {
      overflow, carry, zero, carry || zero, sign, parity, sign != overflow, zero || sign != overflow};
  return met[condition >> 1 & 7] != (condition & 1);
}

static bool leaves_value(const struct decoded_instruction *decoded, const ucontext_t *context) {
  return decoded->map == MAP_0F && (decoded->opcode & 0xf0) == 0x40 &&
         !condition_is_met(decoded->opcode & 15, (uint64_t)context->uc_mcontext.gregs[REG_EFL]);
}

bool instruction_uses_value(const ucontext_t *context, const struct instruction *instruction) {
  struct flow flow = {.steps_left = STEPS_MOST, .stack = context_general(context, REGISTER_RSP)};
  struct state state = {.pc = (uint64_t)context->uc_mcontext.gregs[REG_RIP], .known = (1u << GENERAL_REGISTERS) - 1};
  struct decoded_instruction decoded;
  if (!flow_decode(&flow, state.pc, &decoded))
    return false;
  bool reads = false;
  for (unsigned number = 0; number < instruction->access_count; number++)
    if (instruction->accesses[number].reads && !reads) {
      reads = true;
      flow.load = instruction->accesses[number].address;
    }
  if (!reads || leaves_value(&decoded, context))
    return false;
  for (unsigned number = 0; number < GENERAL_REGISTERS; number++)
    state.value[number] = context_general(context, number);
  flow.neighbour_loaded = neighbour_was_loaded(&decoded, state.pc);
  enum verdict verdict = step(&flow, &state, &decoded, true);
  if (verdict != GOES_ON)
    return verdict == USED;
  state.pc += decoded.length;
  return follow(&flow, &state) == USED;
}

#else

bool instruction_uses_value(const ucontext_t *context, const struct instruction *instruction) {
  (void)context;
  (void)instruction;
  return false;
}

#endif
