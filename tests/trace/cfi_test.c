/*
 * .eh_frame made by hand: what compilers seldom write, sections without a table, and bytes that mean nothing.
 */
#include "expect.h"
#include "trace/cfi.h"

#include <sys/mman.h>

#define PAGE ((size_t)4096)

/* A module of one page, the last bytes of it against one that can't be read. */
static uint8_t *page;
static size_t length;

static void put(uint8_t byte) {
  page[length++] = byte;
}
static void put_word(uint32_t word) {
  memcpy(page + length, &word, sizeof word);
  length += sizeof word;
}
static void put_bytes(const uint8_t *bytes, size_t count) {
  memcpy(page + length, bytes, count);
  length += count;
}

enum { CODE_OFFSET = 2048, CODE_BYTES = 256, REGISTER_SCRATCH = 3, REGISTER_OTHER = 12 };

/* A header, with or without the table, one common part, one function whose instructions are `program`. */
static struct module make(const uint8_t *program, size_t program_bytes, bool table, const char *letters) {
  memset(page, 0, PAGE);
  length = 0;
  put(1);
  put(0x1b);                /* where .eh_frame is: relative to itself, four bytes */
  put(table ? 0x03 : 0xff); /* the count */
  put(table ? 0x3b : 0xff); /* the table */
  size_t to_section = length;
  put_word(0);
  size_t to_function = 0;
  if (table) {
    put_word(1);
    put_word(CODE_OFFSET);
    to_function = length;
    put_word(0);
  }
  uint32_t distance = (uint32_t)(length - to_section);
  memcpy(page + to_section, &distance, sizeof distance);
  size_t common = length;
  put_word(0);
  put_word(0);
  put(1);
  put_bytes((const uint8_t *)letters, strlen(letters) + 1);
  put(1);    /* code factor */
  put(0x78); /* data factor: -8 */
  put(REGISTER_RETURN);
  if (letters[0] == 'z') {
    put(1);
    put(0x1b);
  }
  static const uint8_t initial[] = {0x0c, REGISTER_SP, 8, 0x80 | REGISTER_RETURN, 1}; /* CFA = sp + 8, return at -8 */
  put_bytes(initial, sizeof initial);
  uint32_t bytes = (uint32_t)(length - common - 4);
  memcpy(page + common, &bytes, sizeof bytes);
  size_t function = length;
  put_word(0);
  put_word((uint32_t)(length - common));
  put_word((uint32_t)(CODE_OFFSET - length));
  put_word(CODE_BYTES);
  if (letters[0] == 'z')
    put(0);
  put_bytes(program, program_bytes);
  bytes = (uint32_t)(length - function - 4);
  memcpy(page + function, &bytes, sizeof bytes);
  if (table) {
    uint32_t offset = (uint32_t)function;
    memcpy(page + to_function, &offset, sizeof offset);
  }
  put_word(0);
  return (struct module){(uintptr_t)page, (uintptr_t)page + PAGE, (uintptr_t)page, 0, false};
}

#define MAKE(program, table) make(program, sizeof(program), table, "zR")

static struct cfi_row row_at(const struct module *module, size_t offset) {
  struct cfi_row row;
  EXPECT(cfi_row_find(module, (uintptr_t)page + CODE_OFFSET + offset, &row));
  return row;
}

static void instructions(bool table) {
  static const uint8_t program[] = {
      0x41,
      0x0e,
      16, /* 1: CFA = sp + 16 */
      0x41,
      0x05,
      REGISTER_OTHER,
      2, /* 2: saved at -16 */
      0x02,
      1,
      0x0a, /* 3: remember */
      0x0d,
      REGISTER_FP, /*    CFA = fp + 16 */
      0x06,
      REGISTER_OTHER, /*    as at first */
      0x03,
      1,
      0,
      0x0b, /* 4: back */
      0x04,
      1,
      0,
      0,
      0,
      0x09,
      REGISTER_SCRATCH,
      8, /* 5: in a register */
      0x41,
      0x14,
      REGISTER_SCRATCH,
      3, /* 6: CFA - 24 itself */
      0x41,
      0x15,
      REGISTER_SCRATCH,
      0x7f, /* 7: CFA + 8 itself */
      0x41,
      0x11,
      REGISTER_SCRATCH,
      0x7e, /* 8: saved at +16 */
      0x41,
      0x2f,
      REGISTER_SCRATCH,
      1, /* 9: saved at +8 */
      0x41,
      0x08,
      REGISTER_SCRATCH, /* 10: the same */
      0x41,
      0x07,
      REGISTER_RETURN, /* 11: no caller */
      0x41,
      0x12,
      REGISTER_SCRATCH,
      0x7e, /* 12: CFA = scratch + 16 */
      0x41,
      0x13,
      0x7d, /* 13: CFA = scratch + 24 */
      0x41,
      0x2e,
      8,
      0, /* 14: size of arguments; nothing */
  };
  struct module module = MAKE(program, table);
  struct cfi_row row;
  EXPECT(!cfi_row_find(&module, (uintptr_t)page + CODE_OFFSET - 1, &row));
  EXPECT(!cfi_row_find(&module, (uintptr_t)page + CODE_OFFSET + CODE_BYTES, &row));
  row = row_at(&module, 0);
  EXPECT(row.cfa_register == REGISTER_SP && row.cfa_value == 8 && !row.cfa_expression && !row.signal);
  EXPECT(row.how[REGISTER_RETURN] == CFI_SAVED && row.value[REGISTER_RETURN] == -8);
  EXPECT(row_at(&module, 1).cfa_value == 16);
  row = row_at(&module, 2);
  EXPECT(row.how[REGISTER_OTHER] == CFI_SAVED && row.value[REGISTER_OTHER] == -16);
  row = row_at(&module, 3);
  EXPECT(row.cfa_register == REGISTER_FP && row.cfa_value == 16 && row.how[REGISTER_OTHER] == CFI_SAME);
  row = row_at(&module, 4);
  EXPECT(row.cfa_register == REGISTER_SP && row.how[REGISTER_OTHER] == CFI_SAVED);
  row = row_at(&module, 5);
  EXPECT(row.how[REGISTER_SCRATCH] == CFI_REGISTER && row.value[REGISTER_SCRATCH] == 8);
  row = row_at(&module, 6);
  EXPECT(row.how[REGISTER_SCRATCH] == CFI_OFFSET && row.value[REGISTER_SCRATCH] == -24);
  EXPECT(row_at(&module, 7).value[REGISTER_SCRATCH] == 8);
  row = row_at(&module, 8);
  EXPECT(row.how[REGISTER_SCRATCH] == CFI_SAVED && row.value[REGISTER_SCRATCH] == 16);
  EXPECT(row_at(&module, 9).value[REGISTER_SCRATCH] == 8);
  EXPECT(row_at(&module, 10).how[REGISTER_SCRATCH] == CFI_SAME);
  EXPECT(row_at(&module, 10).how[REGISTER_RETURN] == CFI_SAVED);
  EXPECT(row_at(&module, 11).how[REGISTER_RETURN] == CFI_UNDEFINED);
  row = row_at(&module, 12);
  EXPECT(row.cfa_register == REGISTER_SCRATCH && row.cfa_value == 16);
  EXPECT(row_at(&module, CODE_BYTES - 1).cfa_value == 24);
}

static void letters(void) {
  static const uint8_t program[] = {0x41, 0x0e, 32, 0x41, 0x3f, 0x41, 0x0e, 48};
  struct module module = make(program, sizeof program, true, "zRS");
  EXPECT(row_at(&module, 1).signal && row_at(&module, 1).cfa_value == 32);
  struct cfi_row row;
  /* From an instruction on that is not known nothing is. */
  EXPECT(!cfi_row_find(&module, (uintptr_t)page + CODE_OFFSET + 2, &row));
  /* Letters that are not known, with and without a length to pass over them. */
  module = make(program, sizeof program, true, "zRx");
  EXPECT(row_at(&module, 1).cfa_value == 32);
  module = make(program, sizeof program, true, "x");
  EXPECT(!cfi_row_find(&module, (uintptr_t)page + CODE_OFFSET, &row));
}

/* What an expression gives, with fp = 1000 and 5 pushed first. */
static enum expression_result evaluate(const uint8_t *operations, size_t count, uintptr_t *result) {
  uint8_t block[256];
  block[0] = (uint8_t)count;
  memcpy(block + 1, operations, count);
  struct registers registers = {.known = REGISTER_BIT(REGISTER_FP)};
  registers.value[REGISTER_FP] = 1000;
  struct stack_range nothing = {0, 0};
  const uintptr_t first = 5;
  return expression_evaluate(block, block + 1 + count, &registers, &nothing, &first, result);
}

#define EXPECT_VALUE(wanted, ...)                                                                                    \
  do {                                                                                                               \
    const uint8_t operations[] = {__VA_ARGS__};                                                                      \
    uintptr_t result = 0;                                                                                            \
    EXPECT_EQUAL(evaluate(operations, sizeof operations, &result), EXPRESSION_DONE);                                 \
    EXPECT_EQUAL(result, (uintptr_t)(wanted));                                                                       \
  } while (0)
#define EXPECT_RESULT(wanted, ...)                                                                                   \
  do {                                                                                                               \
    const uint8_t operations[] = {__VA_ARGS__};                                                                      \
    uintptr_t result = 0;                                                                                            \
    EXPECT_EQUAL(evaluate(operations, sizeof operations, &result), wanted);                                          \
  } while (0)

static void expressions(void) {
  EXPECT_VALUE(5, 0x96);
  EXPECT_VALUE(31, 0x4f);
  EXPECT_VALUE(992, 0x70 + REGISTER_FP, 0x78);
  EXPECT_VALUE(1001, 0x92, REGISTER_FP, 1);
  EXPECT_VALUE(200, 0x08, 200);
  EXPECT_VALUE(-56, 0x09, 200);
  EXPECT_VALUE(0x8001, 0x0a, 1, 0x80);
  EXPECT_VALUE(-32767, 0x0b, 1, 0x80);
  EXPECT_VALUE(0x80000000u, 0x0c, 0, 0, 0, 0x80);
  EXPECT_VALUE(-1, 0x0d, 0xff, 0xff, 0xff, 0xff);
  EXPECT_VALUE(0x0807060504030201, 0x0e, 1, 2, 3, 4, 5, 6, 7, 8);
  EXPECT_VALUE(300, 0x10, 0xac, 2);
  EXPECT_VALUE(-2, 0x11, 0x7e);
  EXPECT_VALUE(10, 0x12, 0x22);                                          /* dup, plus */
  EXPECT_VALUE(5, 0x31, 0x13);                                           /* 1, drop */
  EXPECT_VALUE(5, 0x31, 0x14);                                           /* 1, over */
  EXPECT_VALUE(5, 0x31, 0x32, 0x15, 2);                                  /* 1, 2, pick 2 */
  EXPECT_VALUE(-4, 0x31, 0x16, 0x1c);                                    /* 1, swap, minus: 1 - 5 */
  EXPECT_VALUE(2, 0x31, 0x32, 0x17, 0x13, 0x1c, 0x32, 0x22, 0x13, 0x32); /* rot keeps three */
  EXPECT_VALUE(3, 0x11, 0x7d, 0x19);                                     /* abs -3 */
  EXPECT_VALUE(4, 0x36, 0x1a);                                           /* 5 & 6 */
  EXPECT_VALUE(-2, 0x11, 0x7e, 0x1e, 0x35, 0x1b);                        /* 5 * -2 / 5 */
  EXPECT_VALUE(1, 0x32, 0x1d);                                           /* 5 % 2 */
  EXPECT_VALUE(-5, 0x1f);
  EXPECT_VALUE(-6, 0x20);
  EXPECT_VALUE(7, 0x36, 0x21);
  EXPECT_VALUE(305, 0x23, 0xac, 2);
  EXPECT_VALUE(40, 0x33, 0x24);
  EXPECT_VALUE(2, 0x31, 0x25);
  EXPECT_VALUE(-1, 0x11, 0x7d, 0x32, 0x26); /* -3 >> 2 */
  EXPECT_VALUE(3, 0x36, 0x27);
  EXPECT_VALUE(1, 0x35, 0x29);
  EXPECT_VALUE(1, 0x34, 0x2a);
  EXPECT_VALUE(0, 0x35, 0x2b);
  EXPECT_VALUE(0, 0x34, 0x2c);
  EXPECT_VALUE(1, 0x36, 0x2d);
  EXPECT_VALUE(1, 0x36, 0x2e);
  EXPECT_VALUE(9, 0x31, 0x28, 1, 0, 0x4f, 0x39); /* 1, jump over one */
  EXPECT_VALUE(9, 0x30, 0x28, 1, 0, 0x39);       /* 0, don't */
  EXPECT_VALUE(5, 0x2f, 1, 0, 0x4f);
  EXPECT_RESULT(EXPRESSION_UNKNOWN_REGISTER, 0x70 + REGISTER_SP, 0);
  EXPECT_RESULT(EXPRESSION_FAILED, 0x06);                         /* nothing can be read here */
  EXPECT_RESULT(EXPRESSION_FAILED, 0x13);                         /* nothing left */
  EXPECT_RESULT(EXPRESSION_FAILED, 0x13, 0x13);                   /* less than nothing */
  EXPECT_RESULT(EXPRESSION_FAILED, 0x2f, 0xfd, 0xff);             /* for ever */
  EXPECT_RESULT(EXPRESSION_FAILED, 0x2f, 0xf0, 0xff);             /* to before the beginning */
  EXPECT_RESULT(EXPRESSION_FAILED, 0x30, 0x1b);                   /* by zero */
  EXPECT_RESULT(EXPRESSION_FAILED, 0x98);                         /* a call */
  EXPECT_RESULT(EXPRESSION_FAILED, 0x12, 0x12, 0x2f, 0xfb, 0xff); /* more and more */
}

/* Bytes changed at random: any answer will do, but there must be one. */
static void nonsense(void) {
  static const uint8_t program[] = {0x41, 0x0e, 16,   0x0f, 3,    0x77, 8,    6,    0x10,
                                    6,    2,    0x76, 0,    0x42, 0x0a, 0x0b, 0x41, 0xc6};
  uint64_t seed = 7;
  unsigned found = 0;
  /* Against the end of the page: what reads on is caught. */
  for (int time = 0; time < 300000; time++) {
    bool table = random_next(&seed) % 2 == 0;
    struct module module = MAKE(program, table);
    size_t shift = PAGE - length;
    if (random_next(&seed) % 2 == 0) {
      memmove(page + shift, page, length);
      module.frames += shift;
    } else {
      shift = 0;
    }
    for (uint64_t changes = random_next(&seed) % 6; changes > 0; changes--)
      page[shift + random_next(&seed) % length] = (uint8_t)random_next(&seed);
    struct cfi_row row;
    if (!cfi_row_find(&module, module.frames + CODE_OFFSET + random_next(&seed) % 8, &row))
      continue;
    found++;
    uintptr_t words[64];
    for (size_t i = 0; i < ARRAY_LENGTH(words); i++)
      words[i] = (uintptr_t)words + random_next(&seed) % sizeof words;
    struct registers registers;
    registers_of_place(&registers, (struct stack_place){module.frames, (uintptr_t)words, (uintptr_t)(words + 9)});
    struct stack_range known = stack_range_of((uintptr_t)words);
    cfi_step(&row, &registers, &known);
  }
  EXPECT(found > 10000);
}

int main(void) {
  page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT(page != MAP_FAILED && munmap(page + PAGE, PAGE) == 0);
  instructions(true);
  instructions(false);
  letters();
  expressions();
  nonsense();
  return 0;
}
