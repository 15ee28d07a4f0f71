/*
 * calls_early.c: a library that calls libc before anybody could have prepared anything: by the IFUNC resolver of a
 * function it refers to, when the library with the wrappers may not have been relocated, and in a constructor that
 * may run before that library's.
 */
#include "calls_early.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int constructor_worked;

__attribute__((constructor(101))) static void first(void) {
  struct timespec now = {0, 0};
  char number[16];
  snprintf(number, sizeof number, "%s %d", "n", 7);
  constructor_worked =
      early_calls_work() && strcmp(number, "n 7") == 0 && clock_gettime(CLOCK_MONOTONIC, &now) == 0 && now.tv_sec > 0;
}

__attribute__((destructor)) static void last(void) {
  if (early_resolved() != 1 || constructor_worked != 1) {
    static const char line[] = "calls_early: a call before main went wrong\n";
    if (write(STDERR_FILENO, line, sizeof line - 1) < 0)
      _exit(3);
    _exit(2);
  }
}
