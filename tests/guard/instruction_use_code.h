/* instruction_use_code.h: functions that load a field nobody has written, by optimization level. */
#ifndef FREEHOLD_TESTS_INSTRUCTION_USE_CODE_H
#define FREEHOLD_TESTS_INSTRUCTION_USE_CODE_H

#include <stdbool.h>
#include <stddef.h>

struct optional_word {
  bool has;
  long word;
};

struct thing {
  bool has; /* written: false */
  int number;
  long word, other_word;
  unsigned low : 3, middle : 9, high : 20;
  float single;
  double real;
  struct thing *next;
  long (*function)(long);
  char text[16];
  struct optional_word optional; /* has is written: false */
  int numbers[24];
  char padded_kind; /* written */
  long padded_word; /* written */
};

enum expected { USED, USED_OPTIMIZED, NOT_USED, EITHER };

struct use_case {
  const char *name;
  void (*run)(struct thing *thing, struct thing *other);
  enum expected expected;
};

extern const struct use_case use_cases_0[], use_cases_1[], use_cases_2[], use_cases_3[], use_cases_s[];
/* Instructions that compilers write now and then. */
extern const struct use_case use_cases_by_hand[];

/* In another file, so that a value has somewhere to go. */
void consume(long number);
void consume_real(double number);
void consume_optional(struct optional_word optional);
void consume_pointer(const void *pointer);
void consume_nothing(void);
extern long global_word;
extern struct thing global_thing;

#endif
