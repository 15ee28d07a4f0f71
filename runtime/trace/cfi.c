#include "trace/cfi.h"

/* Call frame instructions; the first three have an operand in their low bits. */
enum {
  CFA_ADVANCE = 0x40,
  CFA_OFFSET = 0x80,
  CFA_RESTORE = 0xc0,
  CFA_HIGH_BITS = 0xc0,
  CFA_NOP = 0x00,
  CFA_SET_LOC = 0x01,
  CFA_ADVANCE1 = 0x02,
  CFA_ADVANCE2 = 0x03,
  CFA_ADVANCE4 = 0x04,
  CFA_OFFSET_EXTENDED = 0x05,
  CFA_RESTORE_EXTENDED = 0x06,
  CFA_UNDEFINED = 0x07,
  CFA_SAME_VALUE = 0x08,
  CFA_REGISTER = 0x09,
  CFA_REMEMBER_STATE = 0x0a,
  CFA_RESTORE_STATE = 0x0b,
  CFA_DEF_CFA = 0x0c,
  CFA_DEF_CFA_REGISTER = 0x0d,
  CFA_DEF_CFA_OFFSET = 0x0e,
  CFA_DEF_CFA_EXPRESSION = 0x0f,
  CFA_EXPRESSION = 0x10,
  CFA_OFFSET_EXTENDED_SF = 0x11,
  CFA_DEF_CFA_SF = 0x12,
  CFA_DEF_CFA_OFFSET_SF = 0x13,
  CFA_VAL_OFFSET = 0x14,
  CFA_VAL_OFFSET_SF = 0x15,
  CFA_VAL_EXPRESSION = 0x16,
  CFA_NEGATE_RETURN_STATE = 0x2d, /* aarch64 */
  CFA_GNU_ARGS_SIZE = 0x2e,
  CFA_GNU_NEGATIVE_OFFSET = 0x2f,
};

/* Compilers remember one state at a time; hand-written code may nest. */
#define REMEMBERED_MOST 6
/* A bound for programs that are no programs. */
#define INSTRUCTIONS_MOST 100000

/* What .eh_frame says of one function. */
struct function_info {
  uintptr_t start, end;
  uint64_t code_factor;
  int64_t data_factor;
  uint64_t return_register;
  uint8_t pointers; /* how addresses are written */
  bool signal;
  struct dwarf_reader initial, program;
};

/* ---- Finding the function ---- */

static struct dwarf_reader reader_from(const struct module *module, uintptr_t at) {
  struct dwarf_reader reader = {(const uint8_t *)at, (const uint8_t *)module->end, false};
  if (at < module->start || at > module->end) {
    reader.at = reader.end;
    reader.bad = true;
  }
  return reader;
}

/* A length, then so many bytes; `body` is what they are. False at the end of the section. */
static bool next_entry(struct dwarf_reader *reader, struct dwarf_reader *body) {
  uint64_t length = dwarf_bytes(reader, 4);
  if (length == 0xffffffff)
    length = dwarf_bytes(reader, 8);
  *body = *reader;
  dwarf_skip(reader, length);
  body->end = reader->at;
  return length != 0 && !reader->bad;
}

static bool read_common(const struct module *module, uintptr_t at, struct function_info *info) {
  struct dwarf_reader reader = reader_from(module, at), body;
  if (!next_entry(&reader, &body) || dwarf_bytes(&body, 4) != 0)
    return false;
  uint8_t version = dwarf_byte(&body);
  if (version != 1 && version != 3)
    return false;
  const char *letters = (const char *)body.at;
  while (dwarf_byte(&body) != 0) {
  }
  if (body.bad)
    return false;
  if (letters[0] == 'e' && letters[1] == 'h') { /* of compilers before gcc 3: a pointer that nobody needs */
    dwarf_skip(&body, sizeof(uintptr_t));
    letters += 2;
  }
  info->code_factor = dwarf_unsigned(&body);
  info->data_factor = dwarf_signed(&body);
  info->return_register = version == 1 ? dwarf_byte(&body) : dwarf_unsigned(&body);
  info->pointers = POINTER_ABSOLUTE;
  info->signal = false;
  if (*letters == 'z') {
    struct dwarf_reader more = body;
    uint64_t length = dwarf_unsigned(&more);
    body = more;
    dwarf_skip(&body, length);
    more.end = body.at;
    bool understood = true;
    while (understood && *++letters != '\0') {
      switch (*letters) {
      case 'R':
        info->pointers = dwarf_byte(&more);
        break;
      case 'P': {
        uint8_t written = dwarf_byte(&more);
        dwarf_pointer(&more, written & POINTER_FORMAT_BITS, 0);
        break;
      }
      case 'L':
        dwarf_byte(&more);
        break;
      case 'S':
        info->signal = true;
        break;
      case 'B': /* aarch64: which key signs return addresses */
      case 'G': /* aarch64: memory tags */
        break;
      default: /* the length tells where the instructions are all the same */
        understood = false;
      }
    }
  } else if (*letters != '\0') {
    return false;
  }
  info->initial = body;
  return !body.bad;
}

/* The description at `at`, if it is one of a function that has `pc`. */
static bool read_function(const struct module *module, uintptr_t at, uintptr_t pc, struct function_info *info) {
  struct dwarf_reader reader = reader_from(module, at), body;
  if (!next_entry(&reader, &body))
    return false;
  uintptr_t place = (uintptr_t)body.at;
  uint64_t back = dwarf_bytes(&body, 4);
  if (back == 0 || !read_common(module, place - back, info))
    return false;
  info->start = dwarf_pointer(&body, info->pointers, module->frames);
  info->end = info->start + dwarf_pointer(&body, info->pointers & POINTER_FORMAT_BITS, 0);
  if (body.bad || pc < info->start || pc >= info->end)
    return false;
  /* Only with a letter z in the common part is there a length of more data; without it there is no R either. */
  const char *letters = (const char *)(place - back) + 4 + 4 + 1;
  if (*(const uint32_t *)(place - back) == 0xffffffff)
    letters += 8;
  if (*letters == 'z')
    dwarf_skip(&body, dwarf_unsigned(&body));
  info->program = body;
  return !body.bad;
}

/* One after the other, where .eh_frame_hdr has no table. */
static bool search_section(const struct module *module, uintptr_t section, uintptr_t pc, struct function_info *info) {
  struct dwarf_reader reader = reader_from(module, section), body;
  for (;;) {
    uintptr_t at = (uintptr_t)reader.at;
    if (!next_entry(&reader, &body))
      return false;
    if (dwarf_bytes(&body, 4) != 0 && read_function(module, at, pc, info))
      return true;
  }
}

static bool find_function(const struct module *module, uintptr_t pc, struct function_info *info) {
  struct dwarf_reader reader = reader_from(module, module->frames);
  if (module->frames == 0 || dwarf_byte(&reader) != 1)
    return false;
  uint8_t section_written = dwarf_byte(&reader), count_written = dwarf_byte(&reader);
  uint8_t table_written = dwarf_byte(&reader);
  uintptr_t section = dwarf_pointer(&reader, section_written, module->frames);
  if (table_written != (POINTER_TO_DATA | POINTER_S32) || count_written == POINTER_OMITTED)
    return section_written != POINTER_OMITTED && !reader.bad && search_section(module, section, pc, info);
  uint64_t count = dwarf_pointer(&reader, count_written, module->frames);
  /* Pairs of where a function starts and where its description is, by address. */
  struct pair {
    int32_t start, description;
  };
  const struct pair *pairs = (const struct pair *)reader.at;
  if (reader.bad || count > (uint64_t)(reader.end - reader.at) / sizeof *pairs)
    return false;
  int64_t wanted = (int64_t)(pc - module->frames);
  uint64_t low = 0, high = count;
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (pairs[middle].start <= wanted)
      low = middle + 1;
    else
      high = middle;
  }
  return low != 0 &&
         read_function(module, module->frames + (uintptr_t)(intptr_t)pairs[low - 1].description, pc, info);
}

/* ---- Running the instructions ---- */

struct machine {
  const struct function_info *info;
  struct cfi_row *row;
  const struct cfi_row *initial; /* what restore goes back to; NULL while it is being made */
  uintptr_t location, pc;
  unsigned remembered;
  struct cfi_row memory[REMEMBERED_MOST];
};

static void set_rule(struct machine *machine, uint64_t number, enum cfi_how how, int64_t value) {
  if (number >= REGISTER_COUNT)
    return; /* vector registers and the like */
  machine->row->how[number] = (uint8_t)how;
  machine->row->value[number] = (int32_t)value;
}

static void restore_rule(struct machine *machine, uint64_t number) {
  if (number >= REGISTER_COUNT)
    return;
  machine->row->how[number] = machine->initial != NULL ? machine->initial->how[number] : (uint8_t)CFI_SAME;
  machine->row->value[number] = machine->initial != NULL ? machine->initial->value[number] : 0;
}

/* Where the block is that comes next, relative to the row's base. */
static int64_t take_block(struct machine *machine, struct dwarf_reader *reader) {
  int64_t place = (int64_t)((uintptr_t)reader->at - machine->row->base);
  dwarf_skip(reader, dwarf_unsigned(reader));
  if (place != (int32_t)place)
    reader->bad = true;
  return place;
}

static void define_cfa(struct machine *machine, uint64_t number, int64_t offset) {
  machine->row->cfa_expression = 0;
  machine->row->cfa_register = number < REGISTER_COUNT ? (uint8_t)number : UINT8_MAX;
  machine->row->cfa_value = offset;
}

static bool run_extended(struct machine *machine, struct dwarf_reader *reader, uint8_t instruction) {
  int64_t factor = machine->info->data_factor;
  struct cfi_row *row = machine->row;
  uint64_t number;
  switch (instruction) {
  case CFA_NOP:
    break;
  case CFA_OFFSET_EXTENDED:
    number = dwarf_unsigned(reader);
    set_rule(machine, number, CFI_SAVED, (int64_t)dwarf_unsigned(reader) * factor);
    break;
  case CFA_OFFSET_EXTENDED_SF:
    number = dwarf_unsigned(reader);
    set_rule(machine, number, CFI_SAVED, dwarf_signed(reader) * factor);
    break;
  case CFA_GNU_NEGATIVE_OFFSET:
    number = dwarf_unsigned(reader);
    set_rule(machine, number, CFI_SAVED, -(int64_t)dwarf_unsigned(reader) * factor);
    break;
  case CFA_VAL_OFFSET:
    number = dwarf_unsigned(reader);
    set_rule(machine, number, CFI_OFFSET, (int64_t)dwarf_unsigned(reader) * factor);
    break;
  case CFA_VAL_OFFSET_SF:
    number = dwarf_unsigned(reader);
    set_rule(machine, number, CFI_OFFSET, dwarf_signed(reader) * factor);
    break;
  case CFA_RESTORE_EXTENDED:
    restore_rule(machine, dwarf_unsigned(reader));
    break;
  case CFA_UNDEFINED:
    set_rule(machine, dwarf_unsigned(reader), CFI_UNDEFINED, 0);
    break;
  case CFA_SAME_VALUE:
    set_rule(machine, dwarf_unsigned(reader), CFI_SAME, 0);
    break;
  case CFA_REGISTER:
    number = dwarf_unsigned(reader);
    set_rule(machine, number, CFI_REGISTER, (int64_t)dwarf_unsigned(reader));
    break;
  case CFA_EXPRESSION:
    number = dwarf_unsigned(reader);
    set_rule(machine, number, CFI_SAVED_EXPRESSION, take_block(machine, reader));
    break;
  case CFA_VAL_EXPRESSION:
    number = dwarf_unsigned(reader);
    set_rule(machine, number, CFI_EXPRESSION, take_block(machine, reader));
    break;
  case CFA_REMEMBER_STATE:
    if (machine->remembered == REMEMBERED_MOST)
      return false;
    machine->memory[machine->remembered++] = *row;
    break;
  case CFA_RESTORE_STATE:
    if (machine->remembered == 0)
      return false;
    *row = machine->memory[--machine->remembered];
    break;
  case CFA_DEF_CFA:
    number = dwarf_unsigned(reader);
    define_cfa(machine, number, (int64_t)dwarf_unsigned(reader));
    break;
  case CFA_DEF_CFA_SF:
    number = dwarf_unsigned(reader);
    define_cfa(machine, number, dwarf_signed(reader) * factor);
    break;
  /* These three change one half of "register plus offset", and mean nothing where the CFA is an expression. */
  case CFA_DEF_CFA_REGISTER:
    if (row->cfa_expression)
      return false;
    define_cfa(machine, dwarf_unsigned(reader), row->cfa_value);
    break;
  case CFA_DEF_CFA_OFFSET:
    if (row->cfa_expression)
      return false;
    row->cfa_value = (int64_t)dwarf_unsigned(reader);
    break;
  case CFA_DEF_CFA_OFFSET_SF:
    if (row->cfa_expression)
      return false;
    row->cfa_value = dwarf_signed(reader) * factor;
    break;
  case CFA_DEF_CFA_EXPRESSION:
    row->cfa_expression = 1;
    row->cfa_value = take_block(machine, reader);
    break;
  case CFA_GNU_ARGS_SIZE:
    dwarf_unsigned(reader);
    break;
#if defined(__aarch64__)
  case CFA_NEGATE_RETURN_STATE:
    row->return_signed = !row->return_signed;
    break;
#endif
  default:
    return false;
  }
  return true;
}

/* Up to the row that holds at the pc. */
static bool run(struct machine *machine, struct dwarf_reader reader) {
  const struct function_info *info = machine->info;
  for (int count = 0; reader.at < reader.end && count < INSTRUCTIONS_MOST; count++) {
    uint8_t instruction = dwarf_byte(&reader), low = instruction & (uint8_t)~CFA_HIGH_BITS;
    uintptr_t location = machine->location;
    switch (instruction & CFA_HIGH_BITS) {
    case CFA_ADVANCE:
      location += low * info->code_factor;
      break;
    case CFA_OFFSET:
      set_rule(machine, low, CFI_SAVED, (int64_t)dwarf_unsigned(&reader) * info->data_factor);
      break;
    case CFA_RESTORE:
      restore_rule(machine, low);
      break;
    default:
      if (instruction == CFA_ADVANCE1)
        location += dwarf_bytes(&reader, 1) * info->code_factor;
      else if (instruction == CFA_ADVANCE2)
        location += dwarf_bytes(&reader, 2) * info->code_factor;
      else if (instruction == CFA_ADVANCE4)
        location += dwarf_bytes(&reader, 4) * info->code_factor;
      else if (instruction == CFA_SET_LOC)
        location = dwarf_pointer(&reader, info->pointers, machine->row->base);
      else if (!run_extended(machine, &reader, instruction))
        return false;
    }
    if (location > machine->pc)
      break;
    machine->location = location;
  }
  return !reader.bad;
}

bool cfi_row_find(const struct module *module, uintptr_t pc, struct cfi_row *row) {
  struct function_info info;
  if (!find_function(module, pc, &info) || info.return_register >= REGISTER_COUNT)
    return false;
  *row = (struct cfi_row){.base = module->frames,
                          .end = module->end,
                          .cfa_register = UINT8_MAX,
                          .return_register = (uint8_t)info.return_register,
                          .signal = info.signal};
  struct machine machine;
  machine.info = &info;
  machine.row = row;
  machine.initial = NULL;
  machine.location = info.start;
  machine.pc = pc;
  machine.remembered = 0;
  if (!run(&machine, info.initial))
    return false;
  struct cfi_row initial = *row;
  machine.initial = &initial;
  return run(&machine, info.program);
}

/* ---- One frame outwards ---- */

static enum cfi_step evaluate(const struct cfi_row *row, int64_t block, const struct registers *registers,
                              struct stack_range *known, const uintptr_t *first, uintptr_t *result) {
  switch (expression_evaluate((const uint8_t *)(row->base + (uintptr_t)block), (const uint8_t *)row->end, registers,
                              known, first, result)) {
  case EXPRESSION_DONE:
    return CFI_STEPPED;
  case EXPRESSION_UNKNOWN_REGISTER:
    return CFI_UNKNOWN_REGISTER;
  default:
    return CFI_FAILED;
  }
}

/* What the caller's register `number` is. */
static enum cfi_step find_register(const struct cfi_row *row, unsigned number, uintptr_t cfa,
                                   const struct registers *registers, struct stack_range *known, uintptr_t *value) {
  int64_t rule = row->value[number];
  uintptr_t place;
  enum cfi_step step;
  switch (row->how[number]) {
  case CFI_SAME:
    *value = registers->value[number];
    return register_known(registers, number) ? CFI_STEPPED : CFI_UNKNOWN_REGISTER;
  case CFI_SAVED:
    return range_read(known, cfa + (uintptr_t)rule, value) ? CFI_STEPPED : CFI_FAILED;
  case CFI_OFFSET:
    *value = cfa + (uintptr_t)rule;
    return CFI_STEPPED;
  case CFI_REGISTER:
    if (!register_known(registers, (uint64_t)rule))
      return CFI_UNKNOWN_REGISTER;
    *value = registers->value[rule];
    return CFI_STEPPED;
  case CFI_SAVED_EXPRESSION:
    step = evaluate(row, rule, registers, known, &cfa, &place);
    if (step != CFI_STEPPED)
      return step;
    return range_read(known, place, value) ? CFI_STEPPED : CFI_FAILED;
  case CFI_EXPRESSION:
    return evaluate(row, rule, registers, known, &cfa, value);
  default:
    return CFI_NO_CALLER;
  }
}

static uintptr_t without_signature(uintptr_t address) {
#if defined(__aarch64__)
  register uintptr_t x30 __asm__("x30") = address;
  __asm__("hint 7" : "+r"(x30)); /* xpaclri: nothing where the processor does not sign */
  return x30;
#else
  return address;
#endif
}

enum cfi_step cfi_step(const struct cfi_row *row, struct registers *registers, struct stack_range *known) {
  if (row->how[row->return_register] == CFI_UNDEFINED)
    return CFI_NO_CALLER;
  uintptr_t cfa;
  if (row->cfa_expression) {
    enum cfi_step step = evaluate(row, row->cfa_value, registers, known, NULL, &cfa);
    if (step != CFI_STEPPED)
      return step;
  } else {
    if (!register_known(registers, row->cfa_register))
      return CFI_UNKNOWN_REGISTER;
    cfa = registers->value[row->cfa_register] + (uintptr_t)row->cfa_value;
  }
  struct registers caller;
  caller.known = 0;
  for (unsigned number = 0; number < REGISTER_COUNT; number++) {
    if (number == REGISTER_SP && row->how[number] == CFI_SAME) {
      register_set(&caller, number, cfa);
      continue;
    }
    uintptr_t value;
    enum cfi_step step = find_register(row, number, cfa, registers, known, &value);
    if (step == CFI_STEPPED)
      register_set(&caller, number, value);
    else if (number == row->return_register || number == REGISTER_SP)
      return step;
  }
  caller.pc = caller.value[row->return_register];
  if (row->return_signed)
    caller.pc = without_signature(caller.pc);
  *registers = caller;
  return CFI_STEPPED;
}
