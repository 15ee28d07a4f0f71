/*
 * frame_rule.h: how to get from a frame to its caller, in one word, for nearly all places in nearly all programs.
 *
 * A word, so that a cache of them can be read while others write it:
 *
 *     | epoch 16 | return 10 | fp 11 | CFA 21 | fp saved 1 | from fp 1 | unused 1 | kind 3 |
 *
 * Offsets are signed and in words. The epoch is the cache's.
 */
#ifndef FREEHOLD_TRACE_FRAME_RULE_H
#define FREEHOLD_TRACE_FRAME_RULE_H

#include "trace/cfi.h"

enum rule_kind {
  RULE_NONE,      /* not a rule */
  RULE_SIMPLE,    /* the CFA is sp or fp plus an offset */
  RULE_REALIGNED, /* the CFA is in the word at fp plus an offset; fp is saved relative to fp */
  RULE_END,       /* there is no caller */
  RULE_ROW,       /* more than fits here: read .eh_frame */
  RULE_BARE,      /* in a module that says nothing about it */
  RULE_UNKNOWN,   /* in no module */
};

typedef uint64_t frame_rule;

#define RULE_FROM_FP      ((frame_rule)1 << 4)
#define RULE_FP_SAVED     ((frame_rule)1 << 5)
#define RULE_CFA_SHIFT    6
#define RULE_CFA_BITS     21
#define RULE_FP_SHIFT     27
#define RULE_FP_BITS      11
#define RULE_RETURN_SHIFT 38
#define RULE_RETURN_BITS  10
#define RULE_EPOCH_SHIFT  48

ALWAYS_INLINE enum rule_kind rule_kind(frame_rule rule) {
  return (enum rule_kind)(rule & 7);
}

/* The signed field of `bits` bits at `shift`, in bytes. */
ALWAYS_INLINE intptr_t rule_field(frame_rule rule, unsigned shift, unsigned bits) {
  return (intptr_t)(rule << (64 - shift - bits)) >> (64 - bits) << 3;
}
ALWAYS_INLINE uintptr_t rule_cfa_offset(frame_rule rule) {
  return (uintptr_t)rule_field(rule, RULE_CFA_SHIFT, RULE_CFA_BITS);
}
ALWAYS_INLINE uintptr_t rule_fp_offset(frame_rule rule) {
  return (uintptr_t)rule_field(rule, RULE_FP_SHIFT, RULE_FP_BITS);
}
ALWAYS_INLINE uintptr_t rule_return_offset(frame_rule rule) {
  return (uintptr_t)rule_field(rule, RULE_RETURN_SHIFT, RULE_RETURN_BITS);
}

/* What a row says, in a word; a RULE_ROW where it doesn't fit. */
frame_rule rule_of_row(const struct cfi_row *row);

#endif
