#include "guard/instruction.h"
#include "guard/instruction_address.h"
#include "space/kernel.h"

#include <string.h>

#if defined(FH_INSTRUCTION_TABLE)

bool instruction_start(void) {
  context_start();
  return true;
}

/* False when there is no room for one more. Empty accesses are none. */
static bool add_access(struct instruction *instruction, uint64_t address, uint64_t bytes, bool reads, bool writes) {
  if (bytes == 0)
    return true;
  /* No further than the addresses go. */
  if (address != 0 && bytes > -address)
    bytes = -address;
  struct instruction_access *access = &instruction->accesses[instruction->access_count];
  /* Neighbouring lanes are one access. */
  if (instruction->access_count > 0 && access[-1].address + access[-1].bytes == address &&
      access[-1].reads == reads && access[-1].writes == writes && instruction->vector) {
    access[-1].bytes += bytes;
    return true;
  }
  if (instruction->access_count == INSTRUCTION_ACCESSES_MOST)
    return false;
  *access = (struct instruction_access){address, bytes, reads, writes};
  instruction->access_count++;
  return true;
}

/* The lanes that `mask` has a bit for, one behind the other from `address` on. More stretches than there is room for are
 * told as one, from the first lane to the last. */
static bool add_lanes(struct instruction *instruction, uint64_t address, uint64_t mask, unsigned lanes,
                      unsigned element, bool reads, bool writes) {
  if (lanes < 64)
    mask &= ((uint64_t)1 << lanes) - 1;
  struct instruction before = *instruction;
  for (uint64_t left = mask; left != 0; left &= left - 1) {
    unsigned lane = (unsigned)__builtin_ctzll(left);
    if (!add_access(instruction, address + (uint64_t)lane * element, element, reads, writes)) {
      *instruction = before;
      unsigned first = (unsigned)__builtin_ctzll(mask), last = 63u - (unsigned)__builtin_clzll(mask);
      return add_access(instruction, address + (uint64_t)first * element, (uint64_t)(last - first + 1) * element,
                        reads, writes);
    }
  }
  return true;
}

/* A bit for each element of a vector register whose sign bit is set. */
static bool sign_bits(const ucontext_t *context, unsigned number, unsigned lanes, unsigned element, uint64_t *mask) {
  uint8_t bytes[VECTOR_BYTES_MOST];
  if (!context_vector(context, number, bytes, (size_t)lanes * element))
    return false;
  *mask = 0;
  for (unsigned lane = 0; lane < lanes; lane++)
    *mask |= (uint64_t)(bytes[lane * element + element - 1] >> 7) << lane;
  return true;
}

/* The address of the explicit operand. */
static uint64_t operand_address(const struct decoded_instruction *decoded, const ucontext_t *context) {
  uint64_t address = address_constant(decoded, (uint64_t)context->uc_mcontext.gregs[REG_RIP]);
  if (decoded->base != REGISTER_NONE) {
    address += context_general(context, decoded->base);
    /* pop with an operand computes its address after it has moved the stack pointer. */
    if (decoded->base == REGISTER_RSP && decoded->form->stack_reads != 0 && (decoded->form->traits & FORM_WRITES))
      address += decoded->form->stack_reads;
  }
  if (decoded->index != REGISTER_NONE)
    address += context_general(context, decoded->index) << decoded->scale;
  return address;
}

static bool add_gather(struct instruction *instruction, const struct decoded_instruction *decoded,
                       const ucontext_t *context) {
  const struct instruction_form *form = decoded->form;
  unsigned lanes = form->bytes / form->element_bytes;
  uint64_t mask;
  uint8_t indices[VECTOR_BYTES_MOST];
  bool known = form->kind == FORM_GATHER
                   ? context_mask(context, decoded->mask, &mask)
                   : sign_bits(context, decoded->other_register, lanes, form->element_bytes, &mask);
  if (!known || !context_vector(context, decoded->vector_index, indices, (size_t)lanes * form->index_bytes))
    return false;
  uint64_t start = operand_address(decoded, context);
  for (unsigned lane = 0; lane < lanes; lane++) {
    if (!(mask >> lane & 1))
      continue;
    int64_t index;
    if (form->index_bytes == 4) {
      int32_t narrow;
      memcpy(&narrow, &indices[(size_t)lane * 4], sizeof narrow);
      index = narrow;
    } else {
      memcpy(&index, &indices[(size_t)lane * 8], sizeof index);
    }
    uint64_t address = address_finish(decoded, start + ((uint64_t)index << decoded->scale));
    if (!add_access(instruction, address, form->element_bytes, (form->traits & FORM_READS) != 0,
                    (form->traits & FORM_WRITES) != 0))
      return false;
  }
  return true;
}

/* What is still to come of a string instruction at one of its two addresses. */
static bool add_string(struct instruction *instruction, const struct decoded_instruction *decoded,
                       const ucontext_t *context, unsigned number, bool reads, bool writes) {
  uint64_t address = context_general(context, number), count = 1, element = decoded->form->element_bytes;
  /* The direction flag. */
  bool down = ((uint64_t)context->uc_mcontext.gregs[REG_EFL] >> 10 & 1) != 0;
  if (decoded->repeat != 0) {
    instruction->repeats = true;
    count = context_general(context, REGISTER_RCX);
    if (decoded->address32)
      count = (uint32_t)count;
    /* A comparison may stop at any element: only the next one is sure. */
    if (decoded->form->kind == FORM_STRING_COMPARE && count > 1)
      count = 1;
    if (count > UINT64_MAX / 16)
      count = UINT64_MAX / 16;
  }
  if (count == 0)
    return true;
  if (down)
    address -= (count - 1) * element;
  if (decoded->address32)
    address = (uint32_t)address;
  /* Only the source obeys a segment's prefix. */
  if (number == REGISTER_RSI && decoded->segment != SEGMENT_NONE)
    address = address_finish(decoded, address);
  return add_access(instruction, address, count * element, reads, writes);
}

/* bt and its kin with a register: the offset counts bits from the operand's address, in both directions. */
static uint64_t bit_offset(const struct decoded_instruction *decoded, const ucontext_t *context) {
  int64_t offset = (int64_t)context_general(context, decoded->modrm_register);
  unsigned bytes = decoded->form->bytes;
  if (bytes == 4)
    offset = (int32_t)offset;
  else if (bytes == 2)
    offset = (int16_t)offset;
  return (uint64_t)(offset >> (bytes == 8 ? 6 : bytes == 4 ? 5 : 4)) * bytes;
}

static bool add_operand(struct instruction *instruction, const struct decoded_instruction *decoded,
                        const ucontext_t *context) {
  const struct instruction_form *form = decoded->form;
  bool reads = (form->traits & FORM_READS) != 0, writes = (form->traits & FORM_WRITES) != 0;
  if (!reads && !writes)
    return true;
  if (form->index_bytes != 0)
    return add_gather(instruction, decoded, context);
  uint64_t start = operand_address(decoded, context);
  if (form->kind == FORM_BIT)
    start += bit_offset(decoded, context);
  uint64_t address = address_finish(decoded, start);
  unsigned bytes = form->bytes, element = form->element_bytes;
  uint64_t mask;
  switch (form->kind) {
  case FORM_SAVE_STATE:
    return add_access(instruction, address, state_bytes, false, true);
  case FORM_SAVE_STATE_COMPACT:
    return add_access(instruction, address, state_bytes_compact, false, true);
  case FORM_RESTORE_STATE:
    return add_access(instruction, address, state_bytes, true, false);
  case FORM_VECTOR_MASKED:
    return sign_bits(context, decoded->other_register, bytes / element, element, &mask) &&
           add_lanes(instruction, address, mask, bytes / element, element, reads, writes);
  case FORM_COMPRESS:
    if (decoded->mask == 0)
      break;
    if (!context_mask(context, decoded->mask, &mask))
      return false;
    if (bytes / element < 64)
      mask &= ((uint64_t)1 << (bytes / element)) - 1;
    return add_access(instruction, address, (uint64_t)count_bits(mask) * element, reads, writes);
  default:
    if (decoded->mask == 0 || !(form->traits & FORM_LANES_MASKED))
      break;
    return context_mask(context, decoded->mask, &mask) &&
           add_lanes(instruction, address, mask, bytes / element, element, reads, writes);
  }
  return bytes != 0 && add_access(instruction, address, bytes, reads, writes);
}

static bool add_accesses(struct instruction *instruction, const struct decoded_instruction *decoded,
                         const ucontext_t *context) {
  const struct instruction_form *form = decoded->form;
  uint64_t stack = context_general(context, REGISTER_RSP);
  switch (form->kind) {
  case FORM_UNKNOWN:
    return false;
  case FORM_TABLE: {
    uint64_t address = context_general(context, REGISTER_RBX) + (context_general(context, REGISTER_RAX) & 0xff);
    return add_access(instruction, address_finish(decoded, address), 1, true, false);
  }
  case FORM_LEAVE:
    return add_access(instruction, context_general(context, REGISTER_RBP), 8, true, false);
  case FORM_ENTER:
    /* Nested frames are copied; nobody has them. */
    return (decoded->immediate >> 16 & 31) == 0 && add_access(instruction, stack - 8, 8, false, true);
  case FORM_BYTES_MASKED:
    /* Processors check all of the operand, whatever the mask leaves of it. */
    return add_access(instruction, address_finish(decoded, context_general(context, REGISTER_RDI)), form->bytes,
                      false, true);
  default:
    break;
  }
  if ((form->traits & FORM_READS_SOURCE) && !add_string(instruction, decoded, context, REGISTER_RSI, true, false))
    return false;
  bool reads_target = (form->traits & FORM_READS_TARGET) != 0,
       writes_target = (form->traits & FORM_WRITES_TARGET) != 0;
  if ((reads_target || writes_target) &&
      !add_string(instruction, decoded, context, REGISTER_RDI, reads_target, writes_target))
    return false;
  if (decoded->has_memory && !add_operand(instruction, decoded, context))
    return false;
  return add_access(instruction, stack, form->stack_reads, true, false) &&
         add_access(instruction, stack - form->stack_writes, form->stack_writes, false, true);
}

bool instruction_read(const ucontext_t *context, struct instruction *instruction) {
  uint8_t bytes[INSTRUCTION_BYTES_MOST];
  struct decoded_instruction decoded;
  memset(instruction, 0, sizeof *instruction);
  size_t count = kernel_read_own((uintptr_t)context->uc_mcontext.gregs[REG_RIP], bytes, sizeof bytes);
  if (!instruction_decode(bytes, count, &decoded))
    return false;
  instruction->length = decoded.length;
  instruction->vector = (decoded.form->traits & FORM_VECTOR) != 0;
  return add_accesses(instruction, &decoded, context);
}

#else

bool instruction_start(void) {
  return false;
}

bool instruction_read(const ucontext_t *context, struct instruction *instruction) {
  (void)context;
  memset(instruction, 0, sizeof *instruction);
  return false;
}

#endif
