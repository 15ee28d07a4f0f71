/*
 * message.h: what the command says of itself on standard error, and memory that is there or ends the command.
 *
 * Every line begins with "freehold: ". Colour only on a terminal, and not when NO_COLOR is set (no-color.org).
 */
#ifndef FREEHOLD_CLI_MESSAGE_H
#define FREEHOLD_CLI_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

__attribute__((format(printf, 1, 2))) void message_error(const char *format, ...);
__attribute__((format(printf, 1, 2))) void message_warning(const char *format, ...);

/* Escape sequences for `stream`, or "" when it is to have no colour. */
struct message_style {
  const char *bold, *red, *green, *yellow, *plain;
};
struct message_style message_style_of(FILE *stream);

/* Flushes standard output. 0, or EXIT_CODE_FAILURE after saying why when what was printed did not arrive. */
int message_finish_output(void);

/* All zero. Ends the command with EXIT_CODE_USAGE when there is no memory. */
void *must_allocate(size_t bytes);
char *must_copy(const char *text);
char *must_copy_bytes(const char *text, size_t bytes);

#endif
