/*
 * job_list.h: the programs of one `freehold run`, as they were asked for.
 *
 * They come from the command line, between `:::`, or from a file with a command line on each line.
 */
#ifndef FREEHOLD_SUPERVISE_JOB_LIST_H
#define FREEHOLD_SUPERVISE_JOB_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* One program and its arguments. */
struct job_command {
  char **arguments; /* NULL-ended */
  char *text;       /* the same as one line for people */
  char *path;       /* of the file to execute; NULL until it was found */
  bool preload;     /* the library is to be preloaded: false for a program that has the heap inside */
};

struct job_list {
  struct job_command *commands;
  size_t count, room;
};

/* Takes a copy of `count` arguments as the next program. */
void job_list_add(struct job_list *list, char *const *arguments, size_t count);

/* Takes one line: words and quotes as the shell reads them; a line that wants more of the shell than that (a pipe, a
 * variable, a pattern) is handed to /bin/sh -c. Empty lines and those that begin with # are left out. NULL, or a
 * sentence that says what is wrong. */
const char *job_list_add_line(struct job_list *list, const char *line);

/* Takes every line of a file. NULL, or a sentence with the line's number, which the caller frees. */
char *job_list_read(struct job_list *list, FILE *from);

/* A number that is the same for the same programs with the same arguments in the same order. */
uint64_t job_list_identity(const struct job_list *list);
/* The same for one of them. */
uint64_t job_command_identity(const struct job_command *command);

void job_list_destroy(struct job_list *list);

#endif
