/* case: kind=heap-buffer-overflow access=write object=24 call=memcpy
 * The struct's own size was forgotten in front of its flexible member. */
#include "case.h"

struct message {
  size_t length;
  char text[];
};

static NOINLINE struct message *make(const char *text, size_t length) {
  struct message *message = malloc((BAD ? 0 : sizeof *message) + length); // ALLOC
  message->length = length;
  memcpy(message->text, text, length); // BUG
  return message;
}

int main(void) {
  struct message *message = make(opaque("twenty-four characters.."), opaque_size(24));
  printf("%.6s\n", message->text);
  free(message);
  return 0;
}
