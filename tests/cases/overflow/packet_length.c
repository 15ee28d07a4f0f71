/* case: kind=heap-buffer-overflow access=read object=12 call=memcpy variants=-O2 build=-fno-optimize-sibling-calls
 * A reply copies as many bytes as the request says it has. CWE-126. */
#include "case.h"

struct request {
  uint32_t length;
  char payload[8];
};

static NOINLINE void answer(const struct request *request, char *reply) {
  memcpy(reply, request->payload, request->length); // BUG
}

int main(void) {
  char reply[256] = "";
  struct request *request = malloc(sizeof *request); // ALLOC
  request->length = opaque_size(BAD ? 200 : 8);
  memcpy(request->payload, "ping....", 8);
  answer(request, reply);
  printf("%.4s\n", reply);
  free(request);
  return 0;
}
