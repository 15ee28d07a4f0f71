/* case: kind=none
 * Strings of every length end exactly with their object: the functions of libc look at whole words and vectors. */
#include "case.h"

int main(void) {
  size_t total = 0;
  for (size_t length = 0; length < 300; length++) {
    char *text = malloc(length + 1);
    memset(text, 'a' + (int)(length % 20), length);
    text[length] = 0;
    char *copy = strdup(opaque(text));
    total += strlen(opaque(copy)) + (strcmp(opaque(copy), text) == 0) + (strchr(opaque(text), 'z') == NULL);
    total += strspn(opaque(copy), "abcdefg") + (memchr(opaque(copy), 0, length + 1) != NULL);
    total += strnlen(opaque(copy), length + 1) + (strstr(opaque(copy), "xyz") == NULL);
    free(text);
    free(copy);
  }
  printf("%zu\n", total);
  return 0;
}
