/* Built with several FRAME_BYTES: the same code at the same places, with frames of other sizes. */
#include <stddef.h>

void enter(void (*callback)(void));

void enter(void (*callback)(void)) {
  volatile char bytes[FRAME_BYTES];
  bytes[0] = 1;
  callback();
  bytes[FRAME_BYTES - 1] = bytes[0];
}
