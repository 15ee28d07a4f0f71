#include "trace/rule_cache.h"

struct rule_set rule_cache[(size_t)1 << RULE_SET_BITS];

#define EPOCH_LAST ((uint64_t)UINT16_MAX)

/* 1 to EPOCH_LAST: no rule of zeros is of any epoch. */
uint64_t rule_epoch = 1;
/* Atomic; a rule says that its pc is in no module, which a module that comes makes wrong. */
static bool unknown_made;

static void store(struct rule_entry *entry, uint64_t check, uint64_t rule) {
  __atomic_store_n(&entry->rule, rule, __ATOMIC_RELAXED);
  __atomic_store_n(&entry->check, check, __ATOMIC_RELAXED);
}

void rules_forget(void) {
  uint64_t epoch = __atomic_load_n(&rule_epoch, __ATOMIC_RELAXED), next;
  do {
    next = epoch == EPOCH_LAST ? 1 : epoch + 1;
  } while (!__atomic_compare_exchange_n(&rule_epoch, &epoch, next, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
  /* The epochs begin anew: rules of the last time around must not. */
  if (next == 1)
    for (size_t i = 0; i < ARRAY_LENGTH(rule_cache); i++)
      for (unsigned way = 0; way < RULE_WAYS; way++)
        store(&rule_cache[i].ways[way], 0, 0);
}

void rules_check_modules(void) {
  if (modules_changed())
    rules_forget();
}

COLD frame_rule rule_make(uintptr_t pc) {
  /* Before anything is read: what is forgotten meanwhile was perhaps read already. */
  uint64_t epoch = __atomic_load_n(&rule_epoch, __ATOMIC_ACQUIRE);
  struct module module;
  frame_rule rule;
  if (module_find(pc, &module)) {
    enum module_news news = module_note(&module);
    if (news == MODULE_INSTEAD ||
        (news == MODULE_ADDED && __atomic_exchange_n(&unknown_made, false, __ATOMIC_RELAXED))) {
      rules_forget();
      epoch = __atomic_load_n(&rule_epoch, __ATOMIC_ACQUIRE);
    }
    struct cfi_row row;
    rule = cfi_row_find(&module, pc, &row) ? rule_of_row(&row) : RULE_BARE;
  } else {
    rule = RULE_UNKNOWN;
    if (module.unsure)
      return rule;
    __atomic_store_n(&unknown_made, true, __ATOMIC_RELAXED);
  }
  rule |= epoch << RULE_EPOCH_SHIFT;
  struct rule_set *set = &rule_cache[pc * RULE_MIX >> (64 - RULE_SET_BITS)];
  uint64_t older = __atomic_load_n(&set->ways[0].rule, __ATOMIC_RELAXED);
  store(&set->ways[1], __atomic_load_n(&set->ways[0].check, __ATOMIC_RELAXED), older);
  store(&set->ways[0], pc ^ rule * RULE_MIX, rule);
  return rule;
}
