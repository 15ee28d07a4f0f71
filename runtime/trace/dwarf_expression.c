#include "trace/dwarf_expression.h"

#define STEPS_MOST 200
#define DEPTH_MOST 16

/* DWARF 5, 7.7.1; the relative jumps are there, calls and locations of variables are not. */
enum {
  OP_ADDRESS = 0x03,
  OP_DEREF = 0x06,
  OP_CONST1U = 0x08,
  OP_CONST1S,
  OP_CONST2U,
  OP_CONST2S,
  OP_CONST4U,
  OP_CONST4S,
  OP_CONST8U,
  OP_CONST8S,
  OP_CONSTU,
  OP_CONSTS,
  OP_DUP,
  OP_DROP,
  OP_OVER,
  OP_PICK,
  OP_SWAP,
  OP_ROT,
  OP_ABS = 0x19,
  OP_AND,
  OP_DIV,
  OP_MINUS,
  OP_MOD,
  OP_MUL,
  OP_NEG,
  OP_NOT,
  OP_OR,
  OP_PLUS,
  OP_PLUS_CONSTANT,
  OP_SHL,
  OP_SHR,
  OP_SHRA,
  OP_XOR,
  OP_BRA,
  OP_EQ,
  OP_GE,
  OP_GT,
  OP_LE,
  OP_LT,
  OP_NE,
  OP_SKIP,
  OP_LIT0 = 0x30,
  OP_LIT31 = 0x4f,
  OP_BREG0 = 0x70,
  OP_BREG31 = 0x8f,
  OP_BREGX = 0x92,
  OP_DEREF_SIZE = 0x94,
  OP_NOP = 0x96,
};

struct machine {
  uintptr_t stack[DEPTH_MOST];
  unsigned depth;
  bool failed;
};

static void push(struct machine *machine, uintptr_t value) {
  if (machine->depth == DEPTH_MOST)
    machine->failed = true;
  else
    machine->stack[machine->depth++] = value;
}

static uintptr_t pop(struct machine *machine) {
  if (machine->depth == 0) {
    machine->failed = true;
    return 0;
  }
  return machine->stack[--machine->depth];
}

static uintptr_t pick(struct machine *machine, unsigned from_top) {
  if (from_top >= machine->depth) {
    machine->failed = true;
    return 0;
  }
  return machine->stack[machine->depth - 1 - from_top];
}

/* An operation of two operands; `right` was on top. */
static uintptr_t combine(struct machine *machine, uint8_t operation, uintptr_t left, uintptr_t right) {
  intptr_t signed_left = (intptr_t)left, signed_right = (intptr_t)right;
  switch (operation) {
  case OP_AND:
    return left & right;
  case OP_OR:
    return left | right;
  case OP_XOR:
    return left ^ right;
  case OP_PLUS:
    return left + right;
  case OP_MINUS:
    return left - right;
  case OP_MUL:
    return left * right;
  case OP_DIV:
    if (right == 0 || (right == UINTPTR_MAX && signed_left == INTPTR_MIN))
      break;
    return (uintptr_t)(signed_left / signed_right);
  case OP_MOD:
    if (right == 0)
      break;
    return left % right;
  case OP_SHL:
    return right < 64 ? left << right : 0;
  case OP_SHR:
    return right < 64 ? left >> right : 0;
  case OP_SHRA:
    return (uintptr_t)(signed_left >> (right < 64 ? right : 63));
  case OP_EQ:
    return left == right;
  case OP_NE:
    return left != right;
  case OP_GE:
    return signed_left >= signed_right;
  case OP_GT:
    return signed_left > signed_right;
  case OP_LE:
    return signed_left <= signed_right;
  case OP_LT:
    return signed_left < signed_right;
  default:
    break;
  }
  machine->failed = true;
  return 0;
}

static void rotate(struct machine *machine) {
  uintptr_t top = pop(machine), second = pop(machine), third = pop(machine);
  push(machine, top);
  push(machine, third);
  push(machine, second);
}

static void load(struct machine *machine, struct stack_range *known, size_t bytes) {
  uintptr_t address = pop(machine), word = 0;
  /* A word is loaded for less, too: it must not cross into what is not known. */
  uintptr_t from = align_down(address, sizeof word);
  if (machine->failed || bytes == 0 || address + bytes > from + sizeof word || !range_read(known, from, &word)) {
    machine->failed = true;
    return;
  }
  word >>= 8 * (address - from);
  push(machine, bytes == sizeof word ? word : word & (((uintptr_t)1 << (8 * bytes)) - 1));
}

static void jump(struct machine *machine, struct dwarf_reader *reader, const uint8_t *start, int16_t distance) {
  if (distance < start - reader->at || distance > reader->end - reader->at)
    machine->failed = true;
  else
    reader->at += distance;
}

static void push_constant(struct machine *machine, struct dwarf_reader *reader, uint8_t operation) {
  switch (operation) {
  case OP_CONST1U:
    return push(machine, dwarf_bytes(reader, 1));
  case OP_CONST1S:
    return push(machine, (uintptr_t)(intptr_t)(int8_t)dwarf_bytes(reader, 1));
  case OP_CONST2U:
    return push(machine, dwarf_bytes(reader, 2));
  case OP_CONST2S:
    return push(machine, (uintptr_t)(intptr_t)(int16_t)dwarf_bytes(reader, 2));
  case OP_CONST4U:
    return push(machine, dwarf_bytes(reader, 4));
  case OP_CONST4S:
    return push(machine, (uintptr_t)(intptr_t)(int32_t)dwarf_bytes(reader, 4));
  case OP_CONSTU:
    return push(machine, dwarf_unsigned(reader));
  case OP_CONSTS:
    return push(machine, (uintptr_t)dwarf_signed(reader));
  default: /* OP_ADDRESS, OP_CONST8U, OP_CONST8S */
    return push(machine, dwarf_bytes(reader, 8));
  }
}

enum expression_result expression_evaluate(const uint8_t *block, const uint8_t *end,
                                           const struct registers *registers, struct stack_range *known,
                                           const uintptr_t *first, uintptr_t *result) {
  struct dwarf_reader reader = {block, end, false};
  uint64_t length = dwarf_unsigned(&reader);
  if (reader.bad || length > (uint64_t)(end - reader.at))
    return EXPRESSION_FAILED;
  const uint8_t *start = reader.at;
  reader.end = start + length;
  struct machine machine;
  machine.depth = 0;
  machine.failed = false;
  if (first != NULL)
    push(&machine, *first);
  for (int steps = 0; reader.at < reader.end; steps++) {
    if (steps == STEPS_MOST)
      return EXPRESSION_FAILED;
    uint8_t operation = dwarf_byte(&reader);
    uintptr_t top, second;
    if (operation >= OP_LIT0 && operation <= OP_LIT31) {
      push(&machine, operation - OP_LIT0);
    } else if ((operation >= OP_BREG0 && operation <= OP_BREG31) || operation == OP_BREGX) {
      uint64_t number = operation == OP_BREGX ? dwarf_unsigned(&reader) : (uint64_t)(operation - OP_BREG0);
      int64_t offset = dwarf_signed(&reader);
      if (!register_known(registers, number))
        return EXPRESSION_UNKNOWN_REGISTER;
      push(&machine, registers->value[number] + (uintptr_t)offset);
    } else if (operation == OP_ADDRESS || (operation >= OP_CONST1U && operation <= OP_CONSTS)) {
      push_constant(&machine, &reader, operation);
    } else {
      switch (operation) {
      case OP_NOP:
        break;
      case OP_DEREF:
        load(&machine, known, sizeof(uintptr_t));
        break;
      case OP_DEREF_SIZE:
        load(&machine, known, dwarf_byte(&reader));
        break;
      case OP_DUP:
        push(&machine, pick(&machine, 0));
        break;
      case OP_DROP:
        pop(&machine);
        break;
      case OP_OVER:
        push(&machine, pick(&machine, 1));
        break;
      case OP_PICK:
        push(&machine, pick(&machine, dwarf_byte(&reader)));
        break;
      case OP_SWAP:
        top = pop(&machine);
        second = pop(&machine);
        push(&machine, top);
        push(&machine, second);
        break;
      case OP_ROT:
        rotate(&machine);
        break;
      case OP_ABS:
        top = pop(&machine);
        push(&machine, (intptr_t)top < 0 ? 0 - top : top);
        break;
      case OP_NEG:
        push(&machine, 0 - pop(&machine));
        break;
      case OP_NOT:
        push(&machine, ~pop(&machine));
        break;
      case OP_PLUS_CONSTANT:
        push(&machine, pop(&machine) + dwarf_unsigned(&reader));
        break;
      case OP_SKIP:
        jump(&machine, &reader, start, (int16_t)dwarf_bytes(&reader, 2));
        break;
      case OP_BRA: {
        int16_t distance = (int16_t)dwarf_bytes(&reader, 2);
        if (pop(&machine) != 0)
          jump(&machine, &reader, start, distance);
        break;
      }
      default:
        top = pop(&machine);
        second = pop(&machine);
        push(&machine, combine(&machine, operation, second, top));
      }
    }
    if (machine.failed || reader.bad)
      return EXPRESSION_FAILED;
  }
  if (machine.depth == 0)
    return EXPRESSION_FAILED;
  *result = pop(&machine);
  return EXPRESSION_DONE;
}
