#include "base/fault_access.h"

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)

/* Bits of the page fault's error code. */
#define FAULT_WRITES   2
#define FAULT_EXECUTES 16

enum fh_access fault_access(const ucontext_t *context) {
  long error = context->uc_mcontext.gregs[REG_ERR];
  if ((error & FAULT_EXECUTES) != 0)
    return FH_ACCESS_EXECUTE;
  return (error & FAULT_WRITES) != 0 ? FH_ACCESS_WRITE : FH_ACCESS_READ;
}

#elif defined(__aarch64__)

/* A list of pieces behind the registers; the one of this magic number holds the exception's syndrome. */
struct context_piece {
  uint32_t magic, bytes;
  uint64_t syndrome;
};
#define SYNDROME_MAGIC      0x45535201u
#define SYNDROME_CLASS(esr) ((esr) >> 26 & 0x3e) /* without the bit that tells the kernel's from the program's */
#define CLASS_INSTRUCTION   0x20u
#define CLASS_DATA          0x24u
#define SYNDROME_WRITES     ((uint64_t)1 << 6)

enum fh_access fault_access(const ucontext_t *context) {
  const unsigned char *from = (const unsigned char *)context->uc_mcontext.__reserved;
  struct context_piece piece;
  for (size_t at = 0; at + sizeof piece <= sizeof context->uc_mcontext.__reserved; at += piece.bytes) {
    __builtin_memcpy(&piece, from + at, sizeof piece);
    if (piece.magic == 0 || piece.bytes < sizeof piece)
      break;
    if (piece.magic != SYNDROME_MAGIC)
      continue;
    if (SYNDROME_CLASS(piece.syndrome) == CLASS_INSTRUCTION)
      return FH_ACCESS_EXECUTE;
    if (SYNDROME_CLASS(piece.syndrome) == CLASS_DATA)
      return (piece.syndrome & SYNDROME_WRITES) != 0 ? FH_ACCESS_WRITE : FH_ACCESS_READ;
  }
  return FH_ACCESS_UNKNOWN;
}

#endif
