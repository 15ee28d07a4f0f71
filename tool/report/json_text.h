/* json_text.h: text from outside as a JSON string. */
#ifndef FREEHOLD_REPORT_JSON_TEXT_H
#define FREEHOLD_REPORT_JSON_TEXT_H

#include <jansson.h>

/* JSON is UTF-8: bytes that are not become U+FFFD. Never NULL but without memory. */
json_t *json_text(const char *text);

#endif
