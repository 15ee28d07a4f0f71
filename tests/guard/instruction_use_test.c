/*
 * Does instruction_uses_value tell a use from a copy? Functions compiled at each level of optimization load a field that
 * nobody has written; what the watch over fresh memory would report is compared with what should be reported.
 */
#include "instruction_trap.h"
#include "instruction_use_code.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

long global_word;
struct thing global_thing;

/* Each uses what it is given. */
void consume(long number) {
  if (number == 12345)
    global_word++;
}
void consume_real(double number) {
  if (number > 12345)
    global_word++;
}
void consume_optional(struct optional_word optional) {
  if (optional.has && optional.word == 7)
    global_word++;
}
void consume_pointer(const void *pointer) {
  if (pointer == &global_word)
    global_word++;
}
void consume_nothing(void) {
  __asm__ volatile("" : : : "memory");
}

static long plain_function(long number) {
  return number + 1;
}

static struct thing *thing;
static bool written[sizeof(struct thing)];
static bool reported;

/* As the checker does: a read, not of vectors, of bytes of which none was ever written. */
static void visit(const ucontext_t *context, const struct instruction *instruction) {
  for (unsigned number = 0; number < instruction->access_count; number++) {
    const struct instruction_access *access = &instruction->accesses[number];
    size_t offset = access->address - (uintptr_t)thing;
    if (offset >= sizeof *thing)
      continue;
    size_t end = offset + access->bytes < sizeof *thing ? offset + access->bytes : sizeof *thing;
    bool any = false;
    for (size_t at = offset; at < end; at++)
      any |= written[at];
    if (access->reads && !any && !instruction->vector && instruction_uses_value(context, instruction))
      reported = true;
    if (access->writes)
      memset(&written[offset], true, end - offset);
  }
}

static void mark_written(const void *field, size_t bytes) {
  memset(&written[(const char *)field - (const char *)thing], true, bytes);
}

static int check_level(const char *level, const struct use_case *cases) {
  static struct thing other;
  int failures = 0;
  for (; cases->name != NULL; cases++) {
    memset(thing, 0, sizeof *thing);
    memset(written, 0, sizeof written);
    thing->next = &other;
    thing->function = plain_function;
    thing->padded_kind = 3;
    mark_written(&thing->has, sizeof thing->has);
    mark_written(&thing->optional.has, sizeof thing->optional.has);
    mark_written(&thing->padded_kind, sizeof thing->padded_kind);
    mark_written(&thing->padded_word, sizeof thing->padded_word);
    reported = false;
    unsigned traps = trap_counts.traps;
    trap_close(thing, 4096, visit);
    cases->run(thing, &other);
    trap_open();
    bool used = cases->expected == USED || (cases->expected == USED_OPTIMIZED && *level != '0');
    bool wrong = (used && !reported) || (cases->expected == NOT_USED && reported);
    if (wrong || traps == trap_counts.traps) {
      printf("-O%s %-22s %s\n", level, cases->name,
             traps == trap_counts.traps ? "does not trap"
             : reported                 ? "is no use"
                                        : "is a use");
      failures++;
    }
  }
  return failures;
}

int main(void) {
  trap_start();
  thing = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int failures = check_level("0", use_cases_0) + check_level("1", use_cases_1) + check_level("2", use_cases_2) +
                 check_level("3", use_cases_3) + check_level("s", use_cases_s) +
                 check_level(" by hand", use_cases_by_hand);
  printf("%u traps, %u not decoded, %u unexplained, %d failures\n", trap_counts.traps, trap_counts.undecoded,
         trap_counts.unexplained, failures);
  return failures == 0 && trap_counts.undecoded == 0 && trap_counts.unexplained == 0 ? 0 : 1;
}
