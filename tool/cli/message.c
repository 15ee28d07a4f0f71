#include "tool/cli/message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/cli/exit_codes.h"

struct message_style message_style_of(FILE *stream) {
  const char *refused = getenv("NO_COLOR");
  const char *terminal = getenv("TERM");
  if ((refused != NULL && refused[0] != '\0') || !isatty(fileno(stream)) ||
      (terminal != NULL && strcmp(terminal, "dumb") == 0))
    return (struct message_style){"", "", "", "", ""};
  return (struct message_style){"\033[1m", "\033[31m", "\033[32m", "\033[33m", "\033[0m"};
}

static void say(const char *colour, const char *plain, const char *kind, const char *format, va_list arguments) {
  fflush(stdout);
  fprintf(stderr, "%sfreehold:%s %s", colour, plain, kind);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
}

void message_error(const char *format, ...) {
  struct message_style style = message_style_of(stderr);
  va_list arguments;
  va_start(arguments, format);
  say(style.red, style.plain, "", format, arguments);
  va_end(arguments);
}

void message_warning(const char *format, ...) {
  struct message_style style = message_style_of(stderr);
  va_list arguments;
  va_start(arguments, format);
  say(style.yellow, style.plain, "warning: ", format, arguments);
  va_end(arguments);
}

int message_finish_output(void) {
  if (fflush(stdout) == 0 && !ferror(stdout))
    return EXIT_CODE_SUCCESS;
  message_error("can't write to standard output: %s", strerror(errno));
  return EXIT_CODE_FAILURE;
}

void *must_allocate(size_t bytes) {
  void *memory = calloc(1, bytes == 0 ? 1 : bytes);
  if (memory == NULL) {
    message_error("out of memory (%zu bytes); free some, or raise the limit with ulimit -v", bytes);
    exit(EXIT_CODE_USAGE);
  }
  return memory;
}

char *must_copy_bytes(const char *text, size_t bytes) {
  char *copy = must_allocate(bytes + 1);
  memcpy(copy, text, bytes);
  return copy;
}

char *must_copy(const char *text) {
  return must_copy_bytes(text, strlen(text));
}
