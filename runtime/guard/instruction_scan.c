/* instruction_scan.c: is a vector loaded to look for a byte in it? */
#include "guard/instruction.h"
#include "guard/instruction_decode.h"
#include "space/kernel.h"

#if defined(FH_INSTRUCTION_TABLE)

#define LOOKED_AT_BYTES 96

/* Comparisons of bytes, the smallest of bytes, and what gathers their results: pcmpeq, pminub, pmovmskb, ptest, pcmpistri,
 * and the same of AVX and AVX-512. */
static bool scans(const struct decoded_instruction *decoded) {
  unsigned opcode = decoded->opcode;
  switch (decoded->map) {
  case MAP_0F:
  case MAP_VEX_0F:
  case MAP_EVEX_0F:
    return (opcode >= 0x74 && opcode <= 0x76) || opcode == 0xd7 || opcode == 0xda;
  case MAP_0F38:
  case MAP_VEX_0F38:
  case MAP_EVEX_0F38:
    return opcode == 0x17 || opcode == 0x26 || opcode == 0x27;
  case MAP_0F3A:
  case MAP_VEX_0F3A:
  case MAP_EVEX_0F3A:
    return (opcode >= 0x60 && opcode <= 0x63) || opcode == 0x3e || opcode == 0x3f;
  default:
    return false;
  }
}

bool instruction_scans(const ucontext_t *context) {
  uint8_t bytes[LOOKED_AT_BYTES];
  size_t count = kernel_read_own((uintptr_t)context->uc_mcontext.gregs[REG_RIP], bytes, sizeof bytes);
  struct decoded_instruction decoded;
  for (size_t at = 0; at < count && instruction_decode(bytes + at, count - at, &decoded); at += decoded.length)
    if (scans(&decoded))
      return true;
  return false;
}

#else

bool instruction_scans(const ucontext_t *context) {
  (void)context;
  return true;
}

#endif
