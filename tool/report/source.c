#include "tool/report/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/report/memory.h"

static char *clean_line(char *line) {
  enum { SHOWN_MOST = 160 };
  line += strspn(line, " \t\f\v");
  line[strcspn(line, "\r\n")] = '\0';
  if (strlen(line) > SHOWN_MOST)
    strcpy(line + SHOWN_MOST - strlen("..."), "...");
  for (char *at = line; *at != '\0'; at++)
    if (*at == '\t')
      *at = ' ';
  struct text text = {0};
  text_add_clean(&text, line);
  return text_take(&text);
}

char *source_line(const char *path, int line) {
  if (path == NULL || line <= 0)
    return NULL;
  /* The path comes from debug information: it may name anything, a pipe too. */
  int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat status;
  if (descriptor < 0 || fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    if (descriptor >= 0)
      close(descriptor);
    return NULL;
  }
  FILE *file = fdopen(descriptor, "r");
  char *text = NULL, *found = NULL;
  size_t room = 0;
  while (line > 0 && getline(&text, &room, file) >= 0)
    line--;
  if (line == 0)
    found = clean_line(text);
  free(text);
  fclose(file);
  if (found != NULL && found[0] == '\0') {
    free(found);
    return NULL;
  }
  return found;
}
