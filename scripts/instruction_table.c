/*
 * instruction_table.c: prints the table that runtime/guard/instruction_form.h describes, as C. Runs while the library is
 * built. It asks Zydis about each opcode under each prefix, and keeps what is needed of the answers.
 */
#include "runtime/guard/instruction_form.h"

#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = INSTRUCTION_MAPS * 256, VARIANTS = 1 << VARIANT_BITS, FORMS_MOST = 65535 };

static ZydisDecoder decoder;
static ZydisDecodedInstruction instruction;
static ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

static struct instruction_form forms[FORMS_MOST];
static size_t form_count = 1;
static uint16_t pressed[1 << 20];
static size_t pressed_count;
static struct instruction_row rows[ROWS];

static bool starts(const char *name, const char *with) {
  return strncmp(name, with, strlen(with)) == 0;
}

static bool ends(const char *name, const char *with) {
  size_t length = strlen(name), tail = strlen(with);
  return length >= tail && strcmp(name + length - tail, with) == 0;
}

static bool is_one_of(const char *name, const char *const *names) {
  for (; *names != NULL; names++)
    if (strcmp(name, *names) == 0)
      return true;
  return false;
}

/* The general register's number, or -1. */
static int general_number(ZydisRegister name) {
  ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, name);
  return ZydisRegisterGetClass(whole) == ZYDIS_REGCLASS_GPR64 ? ZydisRegisterGetId(whole) : -1;
}

static uint8_t role_of(const ZydisDecodedOperand *operand) {
  unsigned role = ROLE_OTHER;
  switch (ZydisRegisterGetClass(operand->reg.value)) {
  case ZYDIS_REGCLASS_GPR8:
  case ZYDIS_REGCLASS_GPR16:
  case ZYDIS_REGCLASS_GPR32:
  case ZYDIS_REGCLASS_GPR64:
    role = ROLE_GENERAL;
    for (unsigned bits = 8; bits < operand->size; bits *= 2)
      role += 1 << ROLE_SIZE_SHIFT;
    break;
  case ZYDIS_REGCLASS_XMM:
  case ZYDIS_REGCLASS_YMM:
  case ZYDIS_REGCLASS_ZMM:
    role = ROLE_VECTOR;
    break;
  default:
    break;
  }
  /* A write that may not happen leaves the old value: it depends on that too. */
  if (operand->actions & (ZYDIS_OPERAND_ACTION_MASK_READ | ZYDIS_OPERAND_ACTION_CONDWRITE))
    role |= ROLE_READ;
  if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
    role |= ROLE_WRITE;
  return (uint8_t)role;
}

/* A masked load reads no more than its lanes, unless the architecture says that its faults are not held back. */
static bool holds_faults_back(void) {
  switch (instruction.meta.exception_class) {
  case ZYDIS_EXCEPTION_CLASS_E1NF:
  case ZYDIS_EXCEPTION_CLASS_E3NF:
  case ZYDIS_EXCEPTION_CLASS_E4NF:
  case ZYDIS_EXCEPTION_CLASS_E5NF:
  case ZYDIS_EXCEPTION_CLASS_E6NF:
  case ZYDIS_EXCEPTION_CLASS_E9NF:
  case ZYDIS_EXCEPTION_CLASS_E10NF:
  case ZYDIS_EXCEPTION_CLASS_E7NM128:
    return false;
  default:
    return true;
  }
}

static uint8_t kind_of(const char *name, bool has_memory) {
  static const char *const adding[] = {"inc",  "dec",     "neg",       "add",        "sub",  "adc",  "sbb",
                                       "xadd", "cmpxchg", "cmpxchg8b", "cmpxchg16b", "adcx", "adox", NULL};
  static const char *const bit_tests[] = {"bt", "bts", "btr", "btc", NULL};
  static const char *const stopping[] = {"hlt",   "ud0",   "ud1",    "ud2",     "int",    "int1",   "int3", "iret",
                                         "iretd", "iretq", "sysret", "sysexit", "xabort", "xbegin", NULL};
  static const char *const unknown[] = {"movdir64b", "enqcmd", "enqcmds", "invpcid", "invept", "invvpid", NULL};
  switch (instruction.meta.category) {
  case ZYDIS_CATEGORY_CALL:
    return FORM_CALL;
  case ZYDIS_CATEGORY_UNCOND_BR:
    return FORM_JUMP;
  case ZYDIS_CATEGORY_COND_BR:
    return FORM_CONDITIONAL_JUMP;
  case ZYDIS_CATEGORY_RET:
    return ends(name, "ret") && strcmp(name, "iret") != 0 ? FORM_RETURN : FORM_STOP;
  case ZYDIS_CATEGORY_AMX_TILE:
  case ZYDIS_CATEGORY_KEYLOCKER:
  case ZYDIS_CATEGORY_KEYLOCKER_WIDE:
  case ZYDIS_CATEGORY_VTX:
  case ZYDIS_CATEGORY_AVX512_4FMAPS:
  case ZYDIS_CATEGORY_AVX512_4VNNIW:
    return FORM_UNKNOWN;
  default:
    break;
  }
  if (is_one_of(name, stopping))
    return FORM_STOP;
  if (is_one_of(name, unknown))
    return FORM_UNKNOWN;
  if (strcmp(name, "syscall") == 0)
    return FORM_SYSCALL;
  if (strcmp(name, "lea") == 0)
    return FORM_ADDRESS;
  if (strcmp(name, "xchg") == 0)
    return FORM_EXCHANGE;
  if (strcmp(name, "enter") == 0)
    return FORM_ENTER;
  if (strcmp(name, "leave") == 0)
    return FORM_LEAVE;
  if (strcmp(name, "xlat") == 0)
    return FORM_TABLE;
  if (strcmp(name, "and") == 0)
    return FORM_AND;
  if (strcmp(name, "or") == 0)
    return FORM_OR;
  if (is_one_of(name, adding))
    return FORM_ADD_OR_COMPARE;
  if (is_one_of(name, bit_tests) && has_memory && operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER)
    return FORM_BIT;
  if (starts(name, "maskmov"))
    return FORM_BYTES_MASKED;
  if (starts(name, "vmaskmovp") || starts(name, "vpmaskmov"))
    return FORM_VECTOR_MASKED;
  if (starts(name, "xsavec") || starts(name, "xsaves"))
    return FORM_SAVE_STATE_COMPACT;
  if (starts(name, "xsave"))
    return FORM_SAVE_STATE;
  if (starts(name, "xrstor"))
    return FORM_RESTORE_STATE;
  if (starts(name, "vpcompress") || starts(name, "vcompress") || starts(name, "vpexpand") || starts(name, "vexpand"))
    return has_memory ? FORM_COMPRESS : FORM_PLAIN;
  if (starts(name, "vpgather") || starts(name, "vgather") || starts(name, "vpscatter") || starts(name, "vscatter"))
    return instruction.encoding == ZYDIS_INSTRUCTION_ENCODING_VEX ? FORM_GATHER_VECTOR : FORM_GATHER;
  if (instruction.meta.category == ZYDIS_CATEGORY_STRINGOP || instruction.meta.category == ZYDIS_CATEGORY_IOSTRINGOP)
    return starts(name, "cmps") || starts(name, "scas") ? FORM_STRING_COMPARE : FORM_STRING;
  return FORM_PLAIN;
}

static bool is_zero_idiom(const char *name) {
  static const char *const names[] = {"xor", "sub", "pxor", "xorps", "xorpd", "pxord", "pxorq", NULL};
  if (*name == 'v')
    name++;
  return is_one_of(name, names) || starts(name, "psub") || starts(name, "pcmpeq") || starts(name, "pcmpgt");
}

/* Memory that the processor only looks towards. */
static bool is_hint(const char *name) {
  switch (instruction.meta.category) {
  case ZYDIS_CATEGORY_PREFETCH:
  case ZYDIS_CATEGORY_PREFETCHWT1:
  case ZYDIS_CATEGORY_NOP:
  case ZYDIS_CATEGORY_WIDENOP:
  case ZYDIS_CATEGORY_CLDEMOTE:
  case ZYDIS_CATEGORY_MPX:
    return true;
  default:
    return starts(name, "prefetch") || starts(name, "vgatherpf") || starts(name, "vscatterpf") ||
           strcmp(name, "invlpg") == 0;
  }
}

static void add_memory(struct instruction_form *form, const ZydisDecodedOperand *operand, const char *name) {
  bool reads = (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
  bool writes = (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
  unsigned bytes = operand->size / 8u;
  if (operand->encoding == ZYDIS_OPERAND_ENCODING_NONE) {
    switch (operand->mem.base) {
    case ZYDIS_REGISTER_RSP:
      form->stack_reads = reads ? (uint8_t)bytes : form->stack_reads;
      form->stack_writes = writes ? (uint8_t)bytes : form->stack_writes;
      return;
    case ZYDIS_REGISTER_RSI:
      form->traits |= FORM_READS_SOURCE;
      form->element_bytes = (uint8_t)bytes;
      return;
    case ZYDIS_REGISTER_RDI:
      form->traits |= (reads ? FORM_READS_TARGET : 0) | (writes ? FORM_WRITES_TARGET : 0);
      if (form->kind != FORM_BYTES_MASKED)
        form->element_bytes = (uint8_t)bytes;
      else
        form->bytes = (uint16_t)bytes;
      return;
    default:
      if (form->kind != FORM_TABLE && form->kind != FORM_LEAVE && form->kind != FORM_ENTER)
        form->kind = FORM_UNKNOWN;
      return;
    }
  }
  if (operand->encoding != ZYDIS_OPERAND_ENCODING_MODRM_RM)
    form->traits |= FORM_OFFSET;
  form->bytes = (uint16_t)bytes;
  if (operand->mem.disp.has_displacement)
    for (ZyanI64 scale = operand->mem.disp.value; scale > 1 && !(form->traits & FORM_OFFSET); scale /= 2)
      form->offset_shift++;
  if (starts(name, "clflush") || strcmp(name, "clwb") == 0) {
    form->traits |= FORM_READS;
    form->bytes = 1;
    return;
  }
  if (operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN || operand->mem.type == ZYDIS_MEMOP_TYPE_MIB || is_hint(name))
    return;
  form->traits |= (reads ? FORM_READS : 0) | (writes ? FORM_WRITES : 0);
}

static struct instruction_form describe(void) {
  struct instruction_form form = {0};
  const char *name = ZydisMnemonicGetString(instruction.mnemonic);
  const ZydisDecodedOperand *memory = NULL;
  bool masked = false, has_vector = false, writes_operand = false;
  for (unsigned number = 0; number < instruction.operand_count; number++) {
    if (operands[number].type == ZYDIS_OPERAND_TYPE_MEMORY &&
        operands[number].encoding != ZYDIS_OPERAND_ENCODING_NONE)
      memory = &operands[number];
  }
  form.kind = kind_of(name, memory != NULL);
  if (instruction.attributes & ZYDIS_ATTRIB_HAS_MODRM)
    form.traits |= FORM_HAS_MODRM;
  form.immediate_bytes = (uint8_t)((instruction.raw.imm[0].size + instruction.raw.imm[1].size) / 8);
  for (unsigned number = 0; number < instruction.operand_count; number++) {
    const ZydisDecodedOperand *operand = &operands[number];
    if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
      add_memory(&form, operand, name);
      continue;
    }
    if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER)
      continue;
    uint8_t role = role_of(operand);
    if ((role & ROLE_CLASS) == ROLE_VECTOR || ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_MMX ||
        ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_MASK)
      has_vector = true;
    bool is_flags = ZydisRegisterGetClass(operand->reg.value) == ZYDIS_REGCLASS_FLAGS;
    writes_operand |= (role & ROLE_WRITE) != 0 && !is_flags;
    int general = general_number(operand->reg.value);
    switch (operand->encoding) {
    case ZYDIS_OPERAND_ENCODING_MODRM_REG:
      form.modrm_register = role;
      break;
    case ZYDIS_OPERAND_ENCODING_MODRM_RM:
      form.modrm_operand = role;
      break;
    case ZYDIS_OPERAND_ENCODING_NDSNDD:
      form.other_register = role;
      break;
    case ZYDIS_OPERAND_ENCODING_OPCODE:
      form.opcode_register = role;
      break;
    case ZYDIS_OPERAND_ENCODING_IS4:
      form.traits |= FORM_REGISTER_IN_IMMEDIATE;
      break;
    case ZYDIS_OPERAND_ENCODING_MASK:
      masked = true;
      break;
    default:
      if (operand->reg.value == ZYDIS_REGISTER_XMM0)
        form.traits |= FORM_READS_XMM0;
      if (general == 4 && instruction.stack_width != 0 && operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
        break;
      if (general >= 0 && (role & ROLE_READ))
        form.implicit_reads |= (uint16_t)(1u << general);
      if (general >= 0 && (role & ROLE_WRITE))
        form.implicit_writes |= (uint16_t)(1u << general);
      break;
    }
  }
  const ZydisAccessedFlags *flags = instruction.cpu_flags;
  if (flags != NULL) {
    const uint32_t status = ZYDIS_CPUFLAG_CF | ZYDIS_CPUFLAG_PF | ZYDIS_CPUFLAG_AF | ZYDIS_CPUFLAG_ZF |
                            ZYDIS_CPUFLAG_SF | ZYDIS_CPUFLAG_OF;
    if (flags->tested & status)
      form.traits |= FORM_READS_FLAGS;
    if (flags->modified & status)
      form.traits |= FORM_WRITES_FLAGS;
  }
  bool writes_memory = (form.traits & (FORM_WRITES | FORM_WRITES_TARGET)) != 0;
  if ((form.traits & FORM_WRITES_FLAGS) && !writes_operand && !writes_memory)
    form.traits |= FORM_COMPARES;
  if (form.kind == FORM_STRING_COMPARE)
    form.traits |= FORM_COMPARES;
  if (is_zero_idiom(name))
    form.traits |= FORM_ZERO_IDIOM;
  /* One number alone, and not a lane of several. */
  bool scalar =
      form.bytes <= 8 &&
      (ends(name, "ss") || ends(name, "sd") || ends(name, "sh") || ends(name, "2si") || ends(name, "2usi")) &&
      !starts(name, "p") && !starts(name, "vp");
  if (form.bytes >= 16 || (has_vector && !scalar))
    form.traits |= FORM_VECTOR;

  if (memory != NULL) {
    if (form.kind == FORM_VECTOR_MASKED) {
      form.element_bytes = ends(name, "d") && !ends(name, "pd") ? 4 : ends(name, "ps") ? 4 : 8;
    } else if (form.kind == FORM_GATHER || form.kind == FORM_GATHER_VECTOR) {
      /* v[p]gather and v[p]scatter: a letter for the indices, then what is loaded. */
      const char *letters = strstr(name, "er") + 2;
      form.index_bytes = *letters == 'd' ? 4 : 8;
      form.element_bytes = ends(letters + 1, "s") || (ends(letters + 1, "d") && !ends(letters + 1, "pd")) ? 4 : 8;
      unsigned lanes = instruction.avx.vector_length / 8u /
                       (form.index_bytes > form.element_bytes ? form.index_bytes : form.element_bytes);
      form.bytes = (uint16_t)(lanes * form.element_bytes);
      form.traits |= FORM_VECTOR;
    } else if (form.kind == FORM_COMPRESS) {
      form.element_bytes = (uint8_t)(memory->element_size / 8u);
    } else if (instruction.encoding == ZYDIS_INSTRUCTION_ENCODING_EVEX && masked && memory->element_size >= 8) {
      form.element_bytes = (uint8_t)(memory->element_size / 8u);
      unsigned lanes = form.bytes / form.element_bytes;
      /* The lanes of the memory are those of the mask only where both have as many. */
      bool same = false;
      for (unsigned number = 0; number < instruction.operand_count; number++)
        if (operands[number].type == ZYDIS_OPERAND_TYPE_REGISTER && operands[number].element_count == lanes &&
            (operands[number].encoding == ZYDIS_OPERAND_ENCODING_MODRM_REG ||
             operands[number].encoding == ZYDIS_OPERAND_ENCODING_NDSNDD))
          same = true;
      if (instruction.avx.broadcast.mode == ZYDIS_BROADCAST_MODE_INVALID && (same || (form.traits & FORM_WRITES)) &&
          holds_faults_back())
        form.traits |= FORM_LANES_MASKED;
    }
  }
  return form;
}

static unsigned number_of(const struct instruction_form *form) {
  for (size_t number = 1; number < form_count; number++)
    if (memcmp(&forms[number], form, sizeof *form) == 0)
      return (unsigned)number;
  if (form_count == FORMS_MOST) {
    fputs("instruction_table: too many forms\n", stderr);
    exit(1);
  }
  forms[form_count] = *form;
  return (unsigned)form_count++;
}

/* What the opcode means in that variant, spelled with registers that no rule forbids; the number of its form. */
static unsigned ask(enum instruction_map map, unsigned opcode, unsigned variant) {
  unsigned prefix = variant >> VARIANT_PREFIX_SHIFT & 3, reg = variant >> VARIANT_REGISTER_SHIFT & 7;
  unsigned wide = (variant & VARIANT_WIDE) != 0, length = variant >> VARIANT_LENGTH_SHIFT & 3;
  bool memory = (variant & VARIANT_MEMORY) != 0, broadcast = (variant & VARIANT_BROADCAST) != 0;
  bool legacy = map <= MAP_0F3A, vex = map >= MAP_VEX_0F && map <= MAP_VEX_0F3A;
  if ((legacy && (prefix == 3 || length > 1 || broadcast)) || (vex && (length > 1 || broadcast)))
    return 0;
  for (unsigned attempt = 0; attempt < 64; attempt++) {
    /* With a scaled index; with another register for vvvv; with a mask; with another register, or code, in ModRM.rm. */
    bool indexed = attempt & 1, other = attempt & 2, masked = attempt & 4;
    unsigned operand = (attempt / 8 + 1) % 8;
    if ((indexed && !memory) || (legacy && (other || masked)) || (vex && masked) || (memory && operand != 1))
      continue;
    uint8_t bytes[ZYDIS_MAX_INSTRUCTION_LENGTH + 8] = {0};
    size_t at = 0;
    if (legacy) {
      if (length)
        bytes[at++] = 0x66;
      if (prefix)
        bytes[at++] = prefix == 1 ? 0xf3 : 0xf2;
      if (wide)
        bytes[at++] = 0x48;
      if (map != MAP_ONE_BYTE)
        bytes[at++] = 0x0f;
      if (map == MAP_0F38 || map == MAP_0F3A)
        bytes[at++] = map == MAP_0F38 ? 0x38 : 0x3a;
    } else if (vex) {
      bytes[at++] = 0xc4;
      bytes[at++] = (uint8_t)((indexed ? 0xa0 : 0xe0) | (map - MAP_VEX_0F + 1));
      bytes[at++] = (uint8_t)(wide << 7 | (other ? 0u : 15u << 3) | length << 2 | prefix);
    } else {
      static const uint8_t numbers[] = {1, 2, 3, 5, 6};
      bytes[at++] = 0x62;
      bytes[at++] = (uint8_t)((indexed ? 0xb0 : 0xf0) | numbers[map - MAP_EVEX_0F]);
      bytes[at++] = (uint8_t)(wide << 7 | (other ? 0u : 15u << 3) | 4 | prefix);
      bytes[at++] = (uint8_t)(length << 5 | (unsigned)broadcast << 4 | 8 | (unsigned)masked);
    }
    bytes[at++] = (uint8_t)opcode;
    bytes[at++] = (uint8_t)((memory ? 0x40u : 0xc0u) | reg << 3 | (indexed ? 4u : operand));
    if (indexed)
      bytes[at++] = 4 << 3 | 1;
    bytes[at++] = 1; /* the displacement, or part of an immediate */
    if (ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, sizeof bytes, &instruction, operands))) {
      struct instruction_form form = describe();
      return number_of(&form);
    }
  }
  return 0;
}

/* The bits of `value` that `mask` selects, pressed together. */
static unsigned press(unsigned value, unsigned mask) {
  unsigned result = 0, to = 0;
  for (unsigned bit = 0; bit < VARIANT_BITS; bit++)
    if (mask >> bit & 1)
      result |= (value >> bit & 1) << to++;
  return result;
}

static void make_row(unsigned row) {
  static uint16_t variants[VARIANTS];
  for (unsigned variant = 0; variant < VARIANTS; variant++)
    variants[variant] = (uint16_t)ask((enum instruction_map)(row / 256), row % 256, variant);
  /* A variant that is no instruction may be taken for its neighbour: a processor doesn't get as far as to an access. That
   * spares most of the table. */
  unsigned mask = 0;
  for (unsigned bit = VARIANT_BITS; bit-- > 0;) {
    bool differ = false;
    for (unsigned variant = 0; variant < VARIANTS; variant++) {
      unsigned here = variants[variant], there = variants[variant ^ 1u << bit];
      differ |= here != 0 && there != 0 && here != there;
    }
    for (unsigned variant = 0; variant < VARIANTS && !differ; variant++)
      if (variants[variant] == 0)
        variants[variant] = variants[variant ^ 1u << bit];
    if (differ)
      mask |= 1u << bit;
  }
  uint16_t kept[VARIANTS];
  size_t count = (size_t)1 << __builtin_popcount(mask);
  for (unsigned variant = 0; variant < VARIANTS; variant++)
    kept[press(variant, mask)] = variants[variant];
  size_t first = 0;
  while (first < pressed_count && (first + count > pressed_count || memcmp(&pressed[first], kept, count * 2) != 0))
    first++;
  if (first == pressed_count) {
    memcpy(&pressed[first], kept, count * 2);
    pressed_count += count;
  }
  rows[row] = (struct instruction_row){(uint16_t)mask, (uint32_t)first};
}

int main(void) {
  if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
    return 1;
  for (unsigned row = 0; row < ROWS; row++)
    make_row(row);
  puts("static const struct instruction_form instruction_forms[] = {");
  for (size_t number = 0; number < form_count; number++) {
    const struct instruction_form *form = &forms[number];
    printf("{%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u,%u},\n", form->traits, form->bytes, form->implicit_reads,
           form->implicit_writes, form->kind, form->immediate_bytes, form->stack_reads, form->stack_writes,
           form->element_bytes, form->index_bytes, form->offset_shift, form->modrm_register, form->modrm_operand,
           form->other_register, form->opcode_register);
  }
  puts("};\nstatic const uint16_t instruction_variants[] = {");
  for (size_t number = 0; number < pressed_count; number++)
    printf("%u,%s", pressed[number], number % 16 == 15 ? "\n" : "");
  puts("};\nstatic const struct instruction_row instruction_rows[] = {");
  for (unsigned row = 0; row < ROWS; row++)
    printf("{%u,%u},%s", rows[row].dimensions, rows[row].first, row % 8 == 7 ? "\n" : "");
  puts("};");
  return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
