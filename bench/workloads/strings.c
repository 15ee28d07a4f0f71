/* strings: many strings grow side by side, a few bytes at a time and without spare room, as text being read does. */
#include "workload.h"

#include <stdlib.h>
#include <string.h>

enum { STRINGS = 2000, LONGEST = 2000, SMALLEST_STEP = 8, LARGEST_STEP = 40 };

struct string {
  char *text;
  size_t length;
};

static void string_append(struct string *string, char letter, size_t count) {
  string->text = realloc(string->text, string->length + count + 1);
  if (string->text == NULL)
    workload_fail("realloc returned NULL");
  memset(string->text + string->length, letter, count);
  string->length += count;
  string->text[string->length] = 0;
}

static void string_reset(struct string *string, char letter) {
  if (string->text != NULL && (string->text[0] != letter || string->text[string->length - 1] != letter))
    workload_fail("a string lost its letters");
  free(string->text);
  *string = (struct string){0};
}

static void run(uint64_t amount, unsigned threads) {
  (void)threads;
  static struct string strings[STRINGS];
  uint64_t random = 1;
  for (uint64_t i = 0; i < amount; i++) {
    uint64_t which = workload_random_below(&random, STRINGS);
    struct string *string = &strings[which];
    char letter = (char)('a' + which % 26);
    if (string->length > LONGEST)
      string_reset(string, letter);
    string_append(string, letter, SMALLEST_STEP + workload_random_below(&random, LARGEST_STEP - SMALLEST_STEP));
  }
  for (uint64_t which = 0; which < STRINGS; which++)
    string_reset(&strings[which], (char)('a' + which % 26));
}

const struct workload workload = {.amount = 6000000, .threads = 1, .run = run};
