/* start.c: what the option sample sets going when the library is loaded. */
#include "base/options.h"
#include "base/print.h"
#include "heap/sampled.h"
#include "heap/sampling.h"
#include "heap/start.h"
#include "sample/fault.h"
#include "sample/report.h"
#include "trace/stack_range.h"

#include <unistd.h>

static void say(size_t slots) {
  struct text line;
  text_clear(&line);
  text_add(&line, "freehold: sample guards one allocation in ");
  text_add_decimal(&line, options.sample);
  text_add(&line, ", ");
  text_add_decimal(&line, slots);
  text_add(&line, slots == 1 ? " at most\n" : " at once at most\n");
  text_write(&line, STDERR_FILENO);
}

/* Behind the heap's own constructor. */
__attribute__((constructor(102))) static void sampling_loaded(void) {
  static const struct sampled_hooks hooks = {.stack = sample_stack, .report = sample_report};
  if (options.sample == 0 || !heap_started())
    return;
  size_t slots = sampled_start(options.sample_slots, &hooks);
  if (slots == 0) {
    warn("sample: no addresses for guarded objects; nothing is sampled. See ulimit -v", NULL);
    return;
  }
  stack_range_start();
  sample_report_start();
  sample_fault_start();
  sampling_start(options.sample);
  if (options.verbose)
    say(slots);
}
