#include "trace/frame_rule.h"

/* Operations of the two expressions that compilers write for frames whose stack they have realigned. */
#define OP_BREG_FP (0x70 + REGISTER_FP)
#define OP_DEREF   0x06

/* Puts a byte offset into a field; false when it doesn't fit. */
static bool put(frame_rule *rule, int64_t bytes, unsigned shift, unsigned bits) {
  int64_t words = bytes / 8, most = (int64_t)1 << (bits - 1);
  if (bytes % 8 != 0 || words < -most || words >= most)
    return false;
  *rule |= ((uint64_t)words & (((uint64_t)1 << bits) - 1)) << shift;
  return true;
}

/* The block is "fp plus offset", and the word there if `loaded`. */
static bool is_relative_to_fp(const struct cfi_row *row, int64_t block, bool loaded, int64_t *offset) {
  struct dwarf_reader reader = {(const uint8_t *)(row->base + (uintptr_t)block), (const uint8_t *)row->end, false};
  uint64_t length = dwarf_unsigned(&reader);
  const uint8_t *start = reader.at;
  if (dwarf_byte(&reader) != OP_BREG_FP)
    return false;
  *offset = dwarf_signed(&reader);
  if (loaded && dwarf_byte(&reader) != OP_DEREF)
    return false;
  return !reader.bad && (uint64_t)(reader.at - start) == length;
}

static frame_rule simple_rule(const struct cfi_row *row) {
  frame_rule rule = RULE_SIMPLE;
  if (row->cfa_register == REGISTER_FP)
    rule |= RULE_FROM_FP;
  else if (row->cfa_register != REGISTER_SP)
    return RULE_ROW;
  if (!put(&rule, row->cfa_value, RULE_CFA_SHIFT, RULE_CFA_BITS))
    return RULE_ROW;
  if (row->how[REGISTER_FP] == CFI_SAVED) {
    rule |= RULE_FP_SAVED;
    if (!put(&rule, row->value[REGISTER_FP], RULE_FP_SHIFT, RULE_FP_BITS))
      return RULE_ROW;
  } else if (row->how[REGISTER_FP] != CFI_SAME) {
    return RULE_ROW;
  }
  return rule;
}

static frame_rule realigned_rule(const struct cfi_row *row) {
  frame_rule rule = RULE_REALIGNED;
  int64_t offset;
  if (!is_relative_to_fp(row, row->cfa_value, true, &offset) || !put(&rule, offset, RULE_CFA_SHIFT, RULE_CFA_BITS))
    return RULE_ROW;
  if (row->how[REGISTER_FP] == CFI_SAVED_EXPRESSION) {
    rule |= RULE_FP_SAVED;
    if (!is_relative_to_fp(row, row->value[REGISTER_FP], false, &offset) ||
        !put(&rule, offset, RULE_FP_SHIFT, RULE_FP_BITS))
      return RULE_ROW;
  } else if (row->how[REGISTER_FP] != CFI_SAME) {
    return RULE_ROW;
  }
  return rule;
}

frame_rule rule_of_row(const struct cfi_row *row) {
  if (row->how[row->return_register] == CFI_UNDEFINED)
    return RULE_END;
  if (row->signal || row->return_signed || row->return_register != REGISTER_RETURN ||
      row->how[REGISTER_SP] != CFI_SAME || row->how[REGISTER_RETURN] != CFI_SAVED)
    return RULE_ROW;
  frame_rule rule = row->cfa_expression ? realigned_rule(row) : simple_rule(row);
  if (rule == RULE_ROW || !put(&rule, row->value[REGISTER_RETURN], RULE_RETURN_SHIFT, RULE_RETURN_BITS))
    return RULE_ROW;
  return rule;
}
