/*
 * calls_early.c: a library that calls libc before anybody else could have prepared anything: in an IFUNC resolver, while
 * libraries are still being relocated, and in its first constructor.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int calls_early_value(void);

static char resolver_copy[16];
static size_t resolver_length;
static int constructor_result;

static int one(void) {
  return 1;
}

static int zero(void) {
  return 0;
}

/* Volatile, so that the compiler does not do the calls' work itself. */
static const char *volatile text = "resolver";

static int (*resolve(void))(void) {
  char copy[16];
  const char *from = text != NULL ? text : "resolver"; /* our own relocations may not be done either */
  size_t length = strlen(from);
  memset(copy, 0, sizeof copy);
  memcpy(copy, from, length + 1);
  return strcmp(copy, "resolver") == 0 && memcmp(copy, from, length) == 0 && strchr(copy, 'v') == copy + 5 ? one : zero;
}

int calls_early_value(void) __attribute__((ifunc("resolve")));

__attribute__((constructor(101))) static void first(void) {
  struct timespec now = {0, 0};
  memcpy(resolver_copy, text, strlen(text) + 1);
  resolver_length = strlen(resolver_copy);
  char number[16];
  snprintf(number, sizeof number, "%s %d", "n", 7);
  constructor_result = strcmp(number, "n 7") == 0 && clock_gettime(CLOCK_MONOTONIC, &now) == 0 && now.tv_sec > 0;
}

__attribute__((destructor)) static void last(void) {
  if (calls_early_value() != 1 || resolver_length != 8 || constructor_result != 1) {
    static const char line[] = "calls_early: a call before main went wrong\n";
    if (write(2, line, sizeof line - 1) < 0)
      _exit(3);
    _exit(2);
  }
}
