#include "guard/instruction_address.h"

#if defined(FH_INSTRUCTION_TABLE)
#include "space/kernel.h"

#include <cpuid.h>
#include <string.h>

unsigned state_bytes, state_bytes_compact;

/* Parts of the state that the kernel saves in a signal's frame, the offsets in it. */
enum { PART_YMM_HIGH = 2, PART_MASKS = 5, PART_ZMM_HIGH = 6, PART_ZMM_MORE = 7, PARTS };
static unsigned part_offset[PARTS], part_bytes[PARTS];

enum { CPUID_STATE = 0xd };

/* struct _fpx_sw_bytes of the kernel, in the last bytes of the part that all processors have. */
enum { FRAME_XMM = 160, FRAME_SOFTWARE = 464, FRAME_HEADER = 512, FRAME_MAGIC = 0x46505853 };

void context_start(void) {
  unsigned a, b, c, d;
  if (!__get_cpuid_count(CPUID_STATE, 0, &a, &b, &c, &d))
    return;
  state_bytes = state_bytes_compact = b;
  if (__get_cpuid_count(CPUID_STATE, 1, &a, &b, &c, &d) && b != 0)
    state_bytes_compact = b;
  for (unsigned part = PART_YMM_HIGH; part < PARTS; part++)
    if (__get_cpuid_count(CPUID_STATE, part, &a, &b, &c, &d)) {
      part_bytes[part] = a;
      part_offset[part] = b;
    }
}

uint64_t context_general(const ucontext_t *context, unsigned number) {
  static const uint8_t places[GENERAL_REGISTERS] = {
      REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
      REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
  };
  return (uint64_t)context->uc_mcontext.gregs[places[number & 15]];
}

/* Copies bytes of a part of the extended state: zeros where the processor says that the part is in its initial
 * state. */
static bool read_part(const char *frame, unsigned part, size_t offset, void *to, size_t bytes) {
  uint32_t magic, size;
  uint64_t present;
  memcpy(&magic, frame + FRAME_SOFTWARE, sizeof magic);
  memcpy(&size, frame + FRAME_SOFTWARE + 16, sizeof size);
  if (magic != FRAME_MAGIC || part_bytes[part] < offset + bytes || part_offset[part] + part_bytes[part] > size)
    return false;
  memcpy(&present, frame + FRAME_HEADER, sizeof present);
  if (present >> part & 1)
    memcpy(to, frame + part_offset[part] + offset, bytes);
  else
    memset(to, 0, bytes);
  return true;
}

bool context_vector(const ucontext_t *context, unsigned number, uint8_t *to, size_t bytes) {
  const char *frame = (const char *)context->uc_mcontext.fpregs;
  if (frame == NULL || number >= VECTOR_REGISTERS)
    return false;
  if (number >= 16)
    return read_part(frame, PART_ZMM_MORE, (number - 16) * (size_t)VECTOR_BYTES_MOST, to, bytes);
  memcpy(to, frame + FRAME_XMM + (size_t)16 * number, bytes < 16 ? bytes : 16);
  if (bytes > 16 && !read_part(frame, PART_YMM_HIGH, (size_t)16 * number, to + 16, 16))
    return false;
  return bytes <= 32 || read_part(frame, PART_ZMM_HIGH, (size_t)32 * number, to + 32, 32);
}

bool context_mask(const ucontext_t *context, unsigned number, uint64_t *mask) {
  const char *frame = (const char *)context->uc_mcontext.fpregs;
  return frame != NULL && read_part(frame, PART_MASKS, sizeof *mask * number, mask, sizeof *mask);
}

uint64_t address_constant(const struct decoded_instruction *decoded, uint64_t pc) {
  uint64_t address = (uint64_t)decoded->displacement;
  return decoded->relative ? address + pc + decoded->length : address;
}

uint64_t address_finish(const struct decoded_instruction *decoded, uint64_t address) {
  if (decoded->address32)
    address = (uint32_t)address;
  if (decoded->segment == SEGMENT_FS) {
    /* By the ABI the thread pointer points to itself. */
    uint64_t thread;
    __asm__("mov %%fs:0, %0" : "=r"(thread));
    address += thread;
  } else if (decoded->segment == SEGMENT_GS) {
    address += kernel_gs_base();
  }
  return address;
}

#endif
