/* case: kind=heap-use-after-free access=write bytes=4 offset=4 object=8
 * A callback is called once more after its context was freed. */
#include "case.h"

struct context {
  int kind, calls;
};
static struct {
  void (*function)(void *);
  void *context;
} callback;

static NOINLINE void count_call(void *context) {
  ((volatile struct context *)context)->calls = 7; // BUG
}

int main(void) {
  struct context *context = calloc(1, sizeof *context); // ALLOC
  callback.function = count_call;
  callback.context = opaque(context);
  callback.function(callback.context);
  free(context); // FREE
  if (BAD) {
    callback.function(callback.context);
  }
  puts("called");
  return 0;
}
