/*
 * Does the decoder take instructions apart as Zydis does? Asked of all the code of this process, and of nonsense: the length,
 * and what the memory operand is, its size and its direction.
 */
#include "guard/instruction_decode.h"

#include <Zydis/Zydis.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 2000000, REPORTS_MOST = 20 };

static ZydisDecoder decoder;
static unsigned long compared, failures, unknown;

static void fail(const uint8_t *bytes, const char *what) {
  if (failures++ >= REPORTS_MOST)
    return;
  printf("%-28s", what);
  for (unsigned byte = 0; byte < INSTRUCTION_BYTES_MOST; byte++)
    printf(" %02x", bytes[byte]);
  putchar('\n');
}

static unsigned number_of(ZydisRegister name) {
  if (name == ZYDIS_REGISTER_NONE || name == ZYDIS_REGISTER_RIP || name == ZYDIS_REGISTER_EIP)
    return REGISTER_NONE;
  return (unsigned)ZydisRegisterGetId(name);
}

/* What is compared at most: maps that the table leaves out are no failure. */
static bool is_left_out(const ZydisDecodedInstruction *peer) {
  return peer->encoding == ZYDIS_INSTRUCTION_ENCODING_XOP || peer->encoding == ZYDIS_INSTRUCTION_ENCODING_3DNOW ||
         peer->encoding == ZYDIS_INSTRUCTION_ENCODING_MVEX ||
         /* Moves of control registers, the kernel's: ModRM means a register, whatever it says. */
         (peer->opcode_map == ZYDIS_OPCODE_MAP_0F && peer->opcode >= 0x20 && peer->opcode <= 0x23);
}

/* The bytes that the instruction has, 0 when Zydis says that it is none. */
static unsigned compare(const uint8_t *bytes, size_t count) {
  ZydisDecodedInstruction peer;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
  struct decoded_instruction decoded;
  bool understood = instruction_decode(bytes, count, &decoded);
  if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, count, &peer, operands)))
    return 0;
  compared++;
  if (is_left_out(&peer)) {
    unknown++;
    return peer.length;
  }
  if (!understood) {
    fail(bytes, "not decoded");
    return peer.length;
  }
  if (decoded.length != peer.length) {
    fail(bytes, "another length");
    return peer.length;
  }
  for (unsigned number = 0; number < peer.operand_count; number++) {
    const ZydisDecodedOperand *operand = &operands[number];
    if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY || operand->encoding != ZYDIS_OPERAND_ENCODING_MODRM_RM)
      continue;
    if (!decoded.has_memory) {
      fail(bytes, "no memory operand");
      break;
    }
    bool vector_index = operand->mem.type == ZYDIS_MEMOP_TYPE_VSIB;
    if (decoded.base != number_of(operand->mem.base) ||
        (vector_index ? decoded.vector_index : decoded.index) != number_of(operand->mem.index) ||
        (operand->mem.index != ZYDIS_REGISTER_NONE && 1u << decoded.scale != operand->mem.scale) ||
        (operand->mem.disp.has_displacement && decoded.displacement != operand->mem.disp.value) ||
        decoded.relative != (operand->mem.base == ZYDIS_REGISTER_RIP || operand->mem.base == ZYDIS_REGISTER_EIP))
      fail(bytes, "another address");
    bool fs = operand->mem.segment == ZYDIS_REGISTER_FS, gs = operand->mem.segment == ZYDIS_REGISTER_GS;
    if (operand->mem.type == ZYDIS_MEMOP_TYPE_MEM &&
        ((decoded.segment == SEGMENT_FS) != fs || (decoded.segment == SEGMENT_GS) != gs))
      fail(bytes, "another segment");
    unsigned traits = decoded.form->traits;
    /* No access for Zydis's reader, or one that the table sees in another way on purpose. */
    if (!(traits & (FORM_READS | FORM_WRITES)) || vector_index || operand->mem.type != ZYDIS_MEMOP_TYPE_MEM ||
        peer.meta.category == ZYDIS_CATEGORY_CLFLUSHOPT || peer.mnemonic == ZYDIS_MNEMONIC_CLFLUSH ||
        peer.mnemonic == ZYDIS_MNEMONIC_CLWB)
      continue;
    if (decoded.form->bytes != operand->size / 8)
      fail(bytes, "another size");
    if (((traits & FORM_READS) != 0) != ((operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0) ||
        ((traits & FORM_WRITES) != 0) != ((operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0))
      fail(bytes, "another direction");
  }
  return peer.length;
}

static int visit(struct dl_phdr_info *info, size_t size, void *context) {
  (void)size;
  (void)context;
  for (unsigned number = 0; number < info->dlpi_phnum; number++) {
    const ElfW(Phdr) *segment = &info->dlpi_phdr[number];
    if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X) || !(segment->p_flags & PF_R))
      continue;
    const uint8_t *at = (const uint8_t *)(info->dlpi_addr + segment->p_vaddr), *end = at + segment->p_memsz;
    while (at < end) {
      unsigned length = compare(at, (size_t)(end - at));
      at += length != 0 ? length : 1;
    }
  }
  return 0;
}

int main(void) {
  ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
  dl_iterate_phdr(visit, NULL);
  printf("%lu instructions of code compared, %lu left out, %lu failures\n", compared, unknown, failures);
  bool enough = compared > 100000;
  compared = unknown = 0;

  static const uint8_t starts[][3] = {{0x66},
                                      {0xf3},
                                      {0xf2},
                                      {0x48},
                                      {0x0f},
                                      {0x66, 0x0f},
                                      {0xf3, 0x0f},
                                      {0xf2, 0x0f},
                                      {0x0f, 0x38},
                                      {0x0f, 0x3a},
                                      {0x66, 0x0f, 0x38},
                                      {0x66, 0x0f, 0x3a},
                                      {0xc5},
                                      {0xc4, 0xe2},
                                      {0xc4, 0xe3},
                                      {0xc4, 0x61},
                                      {0x62, 0xf1},
                                      {0x62, 0xf2},
                                      {0x62, 0xf3},
                                      {0x62, 0xf5},
                                      {0x62, 0xf6},
                                      {0x67, 0x44},
                                      {0x64, 0x66, 0x4e},
                                      {0x65, 0x48},
                                      {0}};
  uint32_t random = 1;
  for (unsigned round = 0; round < ROUNDS; round++) {
    uint8_t bytes[16];
    for (size_t at = 0; at < sizeof bytes; at++) {
      random = random * 1664525 + 1013904223;
      bytes[at] = (uint8_t)(random >> 24);
    }
    const uint8_t *start = starts[random >> 8 & 31 ? (random >> 8) % (sizeof starts / sizeof *starts) : 24];
    for (size_t at = 0; at < 3 && start[at] != 0; at++)
      bytes[at] = start[at];
    compare(bytes, INSTRUCTION_BYTES_MOST);
  }
  printf("%lu instructions of nonsense compared, %lu left out, %lu failures\n", compared, unknown, failures);
  return failures == 0 && enough && compared > ROUNDS / 4 ? 0 : 1;
}
