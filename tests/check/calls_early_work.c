/*
 * calls_early_work.c: the calls of calls_early.c, and the IFUNC, in a library that it depends on: this one has been
 * relocated when that one's reference is resolved.
 */
#include "calls_early.h"

#include <string.h>

bool early_calls_work(void) {
  static const char text[] = "resolver";
  char copy[16], other[16];
  memset(copy, 0, sizeof copy);
  memcpy(copy, text, strlen(text) + 1);
  strcpy(other, copy);
  strcat(other, "s");
  memmove(other + 1, other, 10);
  return strcmp(copy, text) == 0 && memcmp(copy, text, sizeof text) == 0 && strchr(copy, 'v') == copy + 5 &&
         strncmp(other, "rres", 4) == 0 && strnlen(other, 4) == 4 && memchr(other, 's', 16) == other + 3;
}

static int one(void) {
  return 1;
}

static int zero(void) {
  return 0;
}

__attribute__((used)) static int (*resolve(void))(void) {
  return early_calls_work() ? one : zero;
}

int early_resolved(void) __attribute__((ifunc("resolve")));
