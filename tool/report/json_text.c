#include "tool/report/json_text.h"

#include <stdlib.h>
#include <string.h>

#include "tool/report/memory.h"

/* How many bytes the character at `at` has; 0 when it is none (RFC 3629: no overlong forms, no surrogates). */
static size_t character_bytes(const unsigned char *at) {
  size_t bytes = at[0] < 0x80                     ? 1
                 : at[0] >= 0xc2 && at[0] <= 0xdf ? 2
                 : at[0] >= 0xe0 && at[0] <= 0xef ? 3
                 : at[0] >= 0xf0 && at[0] <= 0xf4 ? 4
                                                  : 0;
  for (size_t i = 1; i < bytes; i++)
    if ((at[i] & 0xc0) != 0x80)
      return 0;
  if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) || (at[0] == 0xf0 && at[1] < 0x90) ||
      (at[0] == 0xf4 && at[1] > 0x8f))
    return 0;
  return bytes;
}

json_t *json_text(const char *text) {
  static const char replacement[] = "\xef\xbf\xbd";
  json_t *string = json_string(text);
  if (string != NULL)
    return string;
  struct text sound = {0};
  while (*text != '\0') {
    size_t bytes = character_bytes((const unsigned char *)text);
    if (bytes == 0)
      text_add(&sound, replacement);
    else
      text_add_bytes(&sound, text, bytes);
    text += bytes == 0 ? 1 : bytes;
  }
  char *copy = text_take(&sound);
  string = json_string(copy);
  free(copy);
  return string;
}
