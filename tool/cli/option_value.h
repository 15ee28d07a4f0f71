/* option_value.h: one option's value, from text and back. */
#ifndef FREEHOLD_CLI_OPTION_VALUE_H
#define FREEHOLD_CLI_OPTION_VALUE_H

#include "tool/cli/options.h"

/* `text` (NULL: the bare name) as FREEHOLD= should say it, "" when it is the default and has no word there. NULL after
 * saying on standard error what `shown` takes. The caller frees it. */
char *option_value_parse(const struct option *option, const char *shown, const char *text);

/* "512M" as bytes; false when it is no size. */
bool option_parse_size(const char *text, uint64_t *bytes);

/* 512M, 25, 500ms, on, json. */
void option_value_format(const struct option *option, uint64_t value, char *buffer, size_t bytes);

#endif
