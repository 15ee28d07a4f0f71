/* case: kind=heap-buffer-overflow access=write bytes=1 offset=6 object=6
 * Four characters for three bytes, but no room for the padding of the rest. */
#include "case.h"

int main(void) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const unsigned char *input = opaque("free!");
  size_t count = opaque_size(5), out = 0;
  size_t room = BAD ? count * 4 / 3 : (count + 2) / 3 * 4;
  volatile char *encoded = malloc(room); // ALLOC
  for (size_t i = 0; i < count; i += 3) {
    unsigned bits = input[i] << 16 | (i + 1 < count ? input[i + 1] << 8 : 0) | (i + 2 < count ? input[i + 2] : 0);
    for (int digit = 0; digit < 4 && out < (BAD ? 7 : 8); digit++) {
      encoded[out++] = digits[bits >> (18 - 6 * digit) & 63]; // BUG
    }
  }
  printf("%c%c\n", encoded[0], encoded[5]);
  free((void *)encoded);
  return 0;
}
