/* utf8.h: is this text? */
#ifndef FREEHOLD_REPORT_UTF8_H
#define FREEHOLD_REPORT_UTF8_H

#include <stddef.h>

/* How many bytes the character at `text` has; 0 when it is none (RFC 3629: no overlong forms, no surrogates). */
size_t utf8_bytes(const char *text);

#endif
