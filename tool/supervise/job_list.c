#include "tool/supervise/job_list.h"

#include <stdlib.h>
#include <string.h>

#include "tool/report/memory.h"

/* What the shell does more with than to take it as a word. */
static const char for_the_shell[] = "|&;<>()$`*?[]{}~!";

static void add_taken(struct job_list *list, char **arguments) {
  struct text shown = {0};
  for (size_t i = 0; arguments[i] != NULL; i++) {
    if (i > 0)
      text_add(&shown, " ");
    text_add_clean(&shown, arguments[i]);
  }
  list->commands = memory_grow(list->commands, list->count, &list->room, sizeof list->commands[0]);
  list->commands[list->count++] = (struct job_command){.arguments = arguments, .text = text_take(&shown)};
}

void job_list_add(struct job_list *list, char *const *arguments, size_t count) {
  char **copy = memory_allocate(count + 1, sizeof *copy);
  for (size_t i = 0; i < count; i++)
    copy[i] = memory_copy(arguments[i]);
  add_taken(list, copy);
}

/* Where a word ends, its text in *word without quotes; NULL when a quote is left open. */
static const char *read_word(const char *at, struct text *word, bool *needs_shell) {
  char quote = '\0';
  for (; *at != '\0' && (quote != '\0' || strchr(" \t\r", *at) == NULL); at++) {
    if (quote == '\0' && (*at == '\'' || *at == '"')) {
      quote = *at;
    } else if (quote != '\0' && *at == quote) {
      quote = '\0';
    } else if (*at == '\\' && quote != '\'' &&
               (quote == '\0' || (at[1] != '\0' && strchr("\\\"$`", at[1]) != NULL))) {
      if (*++at == '\0')
        return NULL;
      text_add_bytes(word, at, 1);
    } else {
      *needs_shell |= quote == '\0' ? strchr(for_the_shell, *at) != NULL : quote == '"' && strchr("$`", *at) != NULL;
      text_add_bytes(word, at, 1);
    }
  }
  return quote == '\0' ? at : NULL;
}

static void free_words(char **words) {
  for (size_t i = 0; words != NULL && words[i] != NULL; i++)
    free(words[i]);
  free(words);
}

/* VARIABLE=value before a program is the shell's business too. */
static bool is_assignment(const char *word) {
  size_t name = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
  return name > 0 && word[name] == '=';
}

const char *job_list_add_line(struct job_list *list, const char *line) {
  const char *start = line + strspn(line, " \t\r");
  if (*start == '\0' || *start == '#')
    return NULL;
  char **words = NULL;
  size_t count = 0, room = 0;
  bool needs_shell = false;
  for (const char *at = start; *at != '\0'; at += strspn(at, " \t\r")) {
    struct text word = {0};
    at = read_word(at, &word, &needs_shell);
    words = memory_grow(words, count + 1, &room, sizeof *words);
    words[count++] = text_take(&word);
    words[count] = NULL;
    if (at == NULL) {
      free_words(words);
      return "a quote or a backslash at the end is left open";
    }
  }
  if (needs_shell || is_assignment(words[0])) {
    free_words(words);
    words = memory_allocate(4, sizeof *words);
    words[0] = memory_copy("/bin/sh");
    words[1] = memory_copy("-c");
    words[2] = memory_copy(start);
  }
  add_taken(list, words);
  return NULL;
}

char *job_list_read(struct job_list *list, FILE *from) {
  char *line = NULL;
  size_t room = 0, number = 0;
  struct text problem = {0};
  for (ssize_t length; problem.text == NULL && (length = getline(&line, &room, from)) >= 0;) {
    number++;
    if (memchr(line, '\0', (size_t)length) != NULL) {
      text_format(&problem, "line %zu: a zero byte is in it; the file should be text", number);
      break;
    }
    size_t end = strcspn(line, "\n");
    if (end > 0 && line[end] == '\n' && line[end - 1] == '\r') /* written on another kind of system */
      end--;
    line[end] = '\0';
    const char *wrong = job_list_add_line(list, line);
    if (wrong != NULL)
      text_format(&problem, "line %zu: %s", number, wrong);
  }
  if (problem.text == NULL && ferror(from))
    text_format(&problem, "it can't be read");
  free(line);
  return problem.text;
}

/* FNV-1a, 64 bits. */
static uint64_t add_to_identity(uint64_t identity, const char *text) {
  for (;; text++) {
    identity = (identity ^ (unsigned char)*text) * 0x100000001b3ull;
    if (*text == '\0')
      return identity;
  }
}

static uint64_t identity_after(uint64_t identity, const struct job_command *command) {
  for (size_t i = 0; command->arguments[i] != NULL; i++)
    identity = add_to_identity(identity, command->arguments[i]);
  return add_to_identity(identity, "");
}

static const uint64_t identity_start = 0xcbf29ce484222325ull;

uint64_t job_command_identity(const struct job_command *command) {
  return identity_after(identity_start, command);
}

uint64_t job_list_identity(const struct job_list *list) {
  uint64_t identity = identity_start;
  for (size_t i = 0; i < list->count; i++)
    identity = identity_after(identity, &list->commands[i]);
  return identity;
}

void job_list_destroy(struct job_list *list) {
  for (size_t i = 0; i < list->count; i++) {
    free_words(list->commands[i].arguments);
    free(list->commands[i].text);
    free(list->commands[i].path);
  }
  free(list->commands);
  *list = (struct job_list){0};
}
