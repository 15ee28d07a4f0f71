/*
 * rule_cache.h: from a pc to its frame's rule. Lock-free and async-signal-safe; some nanoseconds when the cache
 * knows it.
 *
 * What the cache knows may outlive the code it was made from: another file may be loaded where one was unloaded. All
 * rules become void when
 *   - a rule that the cache has not is worked out, and the module it belongs to is not the one that was there before;
 *   - the loader allocates memory (stack_store sees its pc), which it does for each file it loads, and a module that
 *     rules were made from has gone or moved;
 *   - stack_forget_modules is called.
 * So a file that is loaded through an allocator that stores stacks never meets another one's rules.
 */
#ifndef FREEHOLD_TRACE_RULE_CACHE_H
#define FREEHOLD_TRACE_RULE_CACHE_H

#include "trace/frame_rule.h"

/* Two entries that a pc may be in. `check` is the pc mixed with the rule: two writers' halves do not fit together. */
struct rule_entry {
  uint64_t check, rule; /* atomic, relaxed */
};
#define RULE_SET_BITS 13
#define RULE_WAYS     2
struct rule_set {
  struct rule_entry ways[RULE_WAYS];
} __attribute__((aligned(32)));

INTERNAL extern struct rule_set rule_cache[(size_t)1 << RULE_SET_BITS];
/* Atomic; what rules of today end with. */
INTERNAL extern uint64_t rule_epoch;

#define RULE_MIX 0x9e3779b97f4a7c15u

/* Works it out, and puts it into the cache. */
frame_rule rule_make(uintptr_t pc);

ALWAYS_INLINE frame_rule rule_find(uintptr_t pc) {
  uint64_t epoch = __atomic_load_n(&rule_epoch, __ATOMIC_RELAXED);
  struct rule_set *set = &rule_cache[pc * RULE_MIX >> (64 - RULE_SET_BITS)];
  for (unsigned way = 0; way < RULE_WAYS; way++) {
    uint64_t rule = __atomic_load_n(&set->ways[way].rule, __ATOMIC_RELAXED);
    uint64_t check = __atomic_load_n(&set->ways[way].check, __ATOMIC_RELAXED);
    if (LIKELY((check ^ rule * RULE_MIX) == pc && rule >> RULE_EPOCH_SHIFT == epoch))
      return rule;
  }
  return rule_make(pc);
}

/* All rules are void. */
void rules_forget(void);
/* They are, if a module that rules were made from is gone or moved. */
void rules_check_modules(void);

#endif
