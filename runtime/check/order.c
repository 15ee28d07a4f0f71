#include "check/order.h"
#include "base/options.h"
#include "base/print.h"
#include "check/report.h"

#include <string.h>

enum order { ORDER_NONE, ORDER_NUMBER, ORDER_EVERY, ORDER_SITE, ORDER_RANDOM };

static bool begun;                      /* fixed once the program begins */
static enum order order;                /* fixed after start */
static uint64_t number, seed;           /* fixed after start */
static uint64_t calls, sites, failures; /* atomic */
static stack_id last_stack;             /* atomic */
static uint32_t last_thread;            /* atomic */

static bool parse_decimal(const char **at, uint64_t *value) {
  const char *start = *at;
  for (*value = 0; **at >= '0' && **at <= '9'; (*at)++)
    if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, (uint64_t)(**at - '0'), value))
      return false;
  return *at != start;
}

static bool take_word(const char **at, const char *word) {
  if (strncmp(*at, word, strlen(word)) != 0)
    return false;
  *at += strlen(word);
  return true;
}

void order_start(void) {
  const char *at = options.fail_alloc;
  if (*at == '\0')
    return;
  bool good;
  if (take_word(&at, "every:"))
    order = ORDER_EVERY;
  else if (take_word(&at, "site:"))
    order = ORDER_SITE;
  else if (take_word(&at, "random:"))
    order = ORDER_RANDOM;
  else
    order = ORDER_NUMBER;
  good = parse_decimal(&at, &number);
  if (good && order == ORDER_RANDOM && *at == ':') {
    at++;
    good = parse_decimal(&at, &seed);
  }
  if (!good || *at != '\0' || (order == ORDER_RANDOM ? number > 100 : number == 0)) {
    warn("FREEHOLD: fail_alloc=", options.fail_alloc,
         ": takes N, every:K, site:N or random:PERCENT:SEED; the setting is left out", NULL);
    order = ORDER_NONE;
  }
}

bool order_given(void) {
  return order != ORDER_NONE;
}

/* A number that looks random and is the same for the same call of the same seed (splitmix64). */
static uint64_t scatter(uint64_t value) {
  value += 0x9e3779b97f4a7c15u;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

static bool is_due(uint64_t site) {
  uint64_t call = __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
  switch (order) {
  case ORDER_NUMBER:
    return call == number;
  case ORDER_EVERY:
    return call % number == 0;
  case ORDER_SITE:
    return site == number;
  case ORDER_RANDOM:
    return scatter(seed << 32 ^ call) % 100 < number;
  default:
    return false;
  }
}

bool order_fails(stack_id id, bool first) {
  if (UNLIKELY(!begun))
    return false;
  uint64_t site = UNLIKELY(first) ? __atomic_add_fetch(&sites, 1, __ATOMIC_RELAXED) : 0; /* 0: a known one */
  if (LIKELY(order == ORDER_NONE) || !is_due(site))
    return false;
  __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
  __atomic_store_n(&last_thread, report_thread(), __ATOMIC_RELAXED);
  __atomic_store_n(&last_stack, id, __ATOMIC_RELEASE);
  return true;
}

void order_begin(void) {
  begun = true;
}

uint64_t order_sites(void) {
  return __atomic_load_n(&sites, __ATOMIC_RELAXED);
}

uint64_t order_failures(void) {
  return __atomic_load_n(&failures, __ATOMIC_RELAXED);
}

stack_id order_last(uint32_t *thread) {
  *thread = __atomic_load_n(&last_thread, __ATOMIC_RELAXED);
  return __atomic_load_n(&last_stack, __ATOMIC_ACQUIRE);
}
