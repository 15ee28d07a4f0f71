#include "instruction_use_code.h"

#include <stdio.h>
#include <string.h>

#define CASE(name)     static void name(struct thing *thing, struct thing *other)
#define OUT_OF_LINE    __attribute__((noinline))
#define JOIN_(a, b)    a##b
#define JOIN(a, b)     JOIN_(a, b)
#define UNUSED_OTHER   (void)other
#define FUNCTION(type) static OUT_OF_LINE type

CASE(branch) {
  UNUSED_OTHER;
  if (thing->number)
    consume_nothing();
}
CASE(branch_less) {
  UNUSED_OTHER;
  if (thing->word < 7)
    consume_nothing();
}
CASE(branch_later) {
  UNUSED_OTHER;
  int number = thing->number;
  consume_nothing();
  if (number > 3)
    consume_nothing();
}
CASE(branch_byte) {
  UNUSED_OTHER;
  if (thing->text[3] == 'x')
    consume_nothing();
}
CASE(branch_bit) {
  UNUSED_OTHER;
  if (thing->middle == 5)
    consume_nothing();
}
CASE(select) {
  UNUSED_OTHER;
  switch (thing->number) {
  case 0:
    global_word = 17;
    break;
  case 1:
    global_word = 3;
    break;
  case 2:
    consume(4);
    break;
  case 3:
    consume_nothing();
    break;
  case 4:
    global_word++;
    break;
  case 5:
    consume(99);
    break;
  default:
    break;
  }
}
CASE(look_up) {
  UNUSED_OTHER;
  static const int table[256] = {1, 2, 3};
  global_word = table[(unsigned char)thing->text[0]];
}
CASE(follow) {
  UNUSED_OTHER;
  global_word = thing->next->number;
}
CASE(call_pointer) {
  UNUSED_OTHER;
  global_word = thing->function(3);
}
CASE(argument) {
  UNUSED_OTHER;
  consume(thing->word);
}
CASE(argument_printed) {
  UNUSED_OTHER;
  char text[40];
  global_word = snprintf(text, sizeof text, "%d %s", thing->number, "text");
}
CASE(argument_pointer) {
  UNUSED_OTHER;
  consume_pointer(thing->next);
}
CASE(argument_real) {
  UNUSED_OTHER;
  consume_real(thing->real);
}
CASE(compare_real) {
  UNUSED_OTHER;
  if (thing->real > 1.5)
    consume_nothing();
}
CASE(compare_single) {
  UNUSED_OTHER;
  if (thing->single * 2 > 3)
    consume_nothing();
}
CASE(sum_branch) {
  UNUSED_OTHER;
  int sum = 0;
  for (int at = 0; at < 3; at++)
    sum += thing->numbers[at];
  if (sum > 9)
    consume_nothing();
}
CASE(count_text) {
  UNUSED_OTHER;
  for (const char *at = thing->text; *at; at++)
    consume_nothing();
}
CASE(count_up) {
  UNUSED_OTHER;
  thing->number++;
}
CASE(add_to) {
  UNUSED_OTHER;
  thing->word += global_word;
}
CASE(take_lock) {
  UNUSED_OTHER;
  int expected = 0;
  if (__atomic_compare_exchange_n(&thing->number, &expected, 1, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
    consume_nothing();
}
CASE(exchange) {
  UNUSED_OTHER;
  if (__atomic_exchange_n(&thing->number, 1, __ATOMIC_SEQ_CST) == 0)
    consume_nothing();
}
CASE(compare_two) {
  if (thing->word == other->word)
    consume_nothing();
}
CASE(is_set) {
  UNUSED_OTHER;
  global_word = thing->number != 4;
}
CASE(choose) {
  UNUSED_OTHER;
  global_word = thing->number > 4 ? 1000 : -7;
}
CASE(mask_branch) {
  UNUSED_OTHER;
  if (thing->word & 0x10)
    consume_nothing();
}
CASE(two_hops) {
  UNUSED_OTHER;
  long word = thing->word;
  long doubled = word * 2 + 1;
  consume(doubled);
}

CASE(copy_struct) {
  *other = *thing;
}
CASE(copy_to_stack) {
  UNUSED_OTHER;
  struct thing copy = *thing;
  consume_pointer(&copy);
}
CASE(copy_small) {
  other->optional = thing->optional;
  consume(3);
}
CASE(copy_words) {
  other->word = thing->word;
  other->other_word = thing->other_word;
  consume_pointer(other);
}
CASE(copy_field) {
  other->number = thing->number;
}
CASE(copy_real) {
  other->real = thing->real;
}
CASE(copy_single_calling) {
  other->single = thing->single;
  consume_real(1.0);
}
CASE(copy_byte) {
  other->text[2] = thing->text[2];
  consume_nothing();
}
CASE(copy_bytes) {
  memcpy(other->text, thing->text, sizeof thing->text);
  consume(1);
}
CASE(copy_loop) {
  for (int at = 0; at < 24; at++)
    other->numbers[at] = thing->numbers[at];
}
CASE(copy_padding) {
  struct {
    char kind;
    long word;
  } *from = (void *)&thing->padded_kind, *to = (void *)&other->padded_kind;
  *to = *from;
}
CASE(swap) {
  long word = thing->word;
  thing->word = other->word;
  other->word = word;
  int number = thing->number;
  thing->number = other->number;
  other->number = number;
}
CASE(save_global) {
  UNUSED_OTHER;
  global_word = thing->word;
  global_thing.next = thing->next;
  consume_nothing();
}
CASE(set_bits) {
  UNUSED_OTHER;
  thing->low = 5;
  thing->middle = 300;
}
CASE(set_bit_then_call) {
  UNUSED_OTHER;
  thing->high = 77;
  consume_pointer(thing);
}
CASE(set_flag) {
  UNUSED_OTHER;
  thing->number |= 4;
  consume_nothing();
}
CASE(clear_flag) {
  UNUSED_OTHER;
  thing->word &= ~0x100L;
}
CASE(pass_optional) {
  UNUSED_OTHER;
  consume_optional(thing->optional);
}
FUNCTION(long) optional_or(const struct optional_word *optional, long instead) {
  return optional->has ? optional->word : instead;
}
CASE(read_optional) {
  UNUSED_OTHER;
  global_word = optional_or(&thing->optional, 5);
}
CASE(early_load) {
  UNUSED_OTHER;
  int number = thing->number;
  if (thing->has && number > 3)
    consume_nothing();
}
CASE(early_load_needed) {
  UNUSED_OTHER;
  int number = thing->number;
  if (thing->padded_kind && number > 3)
    consume_nothing();
}
CASE(both) {
  UNUSED_OTHER;
  if (thing->word == 3 && thing->number)
    consume_nothing();
}
CASE(is_either) {
  UNUSED_OTHER;
  global_word = thing->number == 4 || thing->number == 40;
}
CASE(is_both) {
  UNUSED_OTHER;
  global_word = thing->has & (thing->number == 4);
}
FUNCTION(long) keep(struct thing *thing, long word) {
  thing->other_word = word;
  return word;
}
CASE(argument_kept) {
  keep(other, thing->word);
}
FUNCTION(long) test_later(struct thing *thing, long first, long word) {
  consume_pointer(thing);
  thing->other_word = first;
  if (word == 5)
    consume_nothing();
  return first;
}
CASE(argument_tested) {
  test_later(other, 3, thing->word);
}
FUNCTION(long) get_word(const struct thing *thing) {
  return thing->word;
}
CASE(get) {
  other->word = get_word(thing);
}
FUNCTION(double) get_real(const struct thing *thing) {
  return thing->real;
}
CASE(get_number_real) {
  other->real = get_real(thing);
}
FUNCTION(int) sum_of(const struct thing *thing) {
  int sum = 0;
  for (int at = 0; at < 24; at++)
    sum += thing->numbers[at];
  return sum;
}
CASE(sum) {
  other->number = sum_of(thing);
}
CASE(arithmetic) {
  other->word = (thing->word * 31 ^ thing->other_word) >> 3;
}
CASE(convert) {
  other->real = (double)thing->number;
  other->number = (int)thing->real;
}
CASE(widen) {
  other->word = thing->number;
}
CASE(overwrite) {
  UNUSED_OTHER;
  thing->number = 4;
  if (thing->number)
    consume_nothing();
}
CASE(load_ignored) {
  UNUSED_OTHER;
  long word = *(volatile long *)&thing->word;
  (void)word;
  consume_nothing();
}
CASE(copy_then_test_other) {
  other->word = thing->word;
  other->other_word = thing->other_word;
  if (thing->padded_word == 3)
    consume_nothing();
}

#define CASE_OF(name, expected)                                                                                      \
  { #name, name, expected }

const struct use_case JOIN(use_cases_, TEST_LEVEL)[] = {
    CASE_OF(branch, USED),
    CASE_OF(branch_less, USED),
    CASE_OF(branch_later, USED),
    CASE_OF(branch_byte, USED),
    CASE_OF(branch_bit, EITHER),
    CASE_OF(select, USED),
    CASE_OF(look_up, USED),
    CASE_OF(follow, USED),
    CASE_OF(call_pointer, USED),
    CASE_OF(argument, USED),
    CASE_OF(argument_printed, USED),
    CASE_OF(argument_pointer, USED),
    CASE_OF(argument_real, USED),
    CASE_OF(compare_real, USED),
    CASE_OF(compare_single, USED),
    CASE_OF(sum_branch, USED),
    CASE_OF(count_text, USED),
    CASE_OF(count_up, EITHER), /* used where the compiler modifies in memory; loaded, added to and stored elsewhere */
    CASE_OF(add_to, EITHER),
    CASE_OF(take_lock, USED),
    CASE_OF(exchange, USED),
    CASE_OF(compare_two, USED),
    CASE_OF(is_set, USED),
    CASE_OF(choose, USED),
    CASE_OF(mask_branch, EITHER),
    CASE_OF(two_hops, USED),
    CASE_OF(copy_struct, NOT_USED),
    CASE_OF(copy_to_stack, NOT_USED),
    CASE_OF(copy_small, NOT_USED),
    CASE_OF(copy_words, NOT_USED),
    CASE_OF(copy_field, NOT_USED),
    CASE_OF(copy_real, NOT_USED),
    CASE_OF(copy_single_calling, NOT_USED),
    CASE_OF(copy_byte, NOT_USED),
    CASE_OF(copy_bytes, NOT_USED),
    CASE_OF(copy_loop, NOT_USED),
    CASE_OF(copy_padding, NOT_USED),
    CASE_OF(swap, NOT_USED),
    CASE_OF(save_global, NOT_USED),
    CASE_OF(set_bits, NOT_USED),
    CASE_OF(set_bit_then_call, NOT_USED),
    CASE_OF(set_flag, NOT_USED),
    CASE_OF(clear_flag, NOT_USED),
    CASE_OF(pass_optional, NOT_USED),
    CASE_OF(read_optional, NOT_USED),
    CASE_OF(early_load, NOT_USED),
    CASE_OF(early_load_needed,
            EITHER),       /* where the condition between is a register loaded on the way, it is not known */
    CASE_OF(both, EITHER), /* the second decides, and holds nothing either */
    CASE_OF(is_either, EITHER),
    CASE_OF(is_both, NOT_USED),
    CASE_OF(argument_kept, NOT_USED),
    CASE_OF(argument_tested, USED),
    CASE_OF(get, NOT_USED),
    CASE_OF(get_number_real, NOT_USED),
    CASE_OF(sum, NOT_USED),
    CASE_OF(arithmetic, NOT_USED),
    CASE_OF(convert, NOT_USED),
    CASE_OF(widen, NOT_USED),
    CASE_OF(overwrite, NOT_USED),
    CASE_OF(load_ignored, NOT_USED),
    CASE_OF(copy_then_test_other, NOT_USED),
    {NULL, NULL, EITHER},
};
