#include "tool/report/json_text.h"

#include <stdlib.h>
#include <string.h>

#include "tool/report/memory.h"
#include "tool/report/utf8.h"

json_t *json_text(const char *text) {
  static const char replacement[] = "\xef\xbf\xbd";
  json_t *string = json_string(text);
  if (string != NULL)
    return string;
  struct text sound = {0};
  while (*text != '\0') {
    size_t bytes = utf8_bytes(text);
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
