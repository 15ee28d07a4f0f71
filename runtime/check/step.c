#include "check/step.h"
#include "base/syscall.h"
#include "guard/instruction_decode.h"
#include "space/kernel.h"
#include "space/space.h"

#include <stddef.h>
#include <string.h>

#if defined(__x86_64__)

#define TRAP_FLAG   0x100
#define STUB_BYTES  128u
#define STUBS       8192u
#define STUB_PROBES 8u
#define RANGES_MOST 4u /* an instruction may touch so many objects */
#define LENGTH_MOST 15u

/* What this thread's instruction in flight has opened. The assembly below reads it. */
struct step_state {
  uint64_t count;
  struct {
    uint64_t address, bytes;
  } ranges[RANGES_MOST];
  uintptr_t pc; /* of the program */
  bool by_trap;
};
INTERNAL extern __thread struct step_state freehold_step;
__thread struct step_state freehold_step;
#define step freehold_step
_Static_assert(offsetof(struct step_state, ranges) == 8, "the assembly knows");

/* Known pcs: fixed once `pc` is set. The code at the same number is `STUB_BYTES` long. */
static struct stub {
  uintptr_t pc; /* atomic; 0: free, 1: being written */
  uint8_t bytes[LENGTH_MOST];
  uint8_t length;
} stubs[STUBS];
static uint32_t stub_process;    /* whose copies they are: a child of fork shares the memory, and makes its own */
static unsigned char *stub_code; /* as it is written */
static uintptr_t stub_run;       /* as it is executed; 0: there is none */

/* Closes what the thread has opened. Called from the stubs, which have saved all that a system call destroys. */
__asm__(".pushsection .text\n"
        ".p2align 4\n"
        ".hidden freehold_step_close\n"
        ".globl freehold_step_close\n"
        ".type freehold_step_close, @function\n"
        "freehold_step_close:\n"
        "  .cfi_startproc\n"
        "  push %rbx\n"
        "  .cfi_adjust_cfa_offset 8\n"
        "  push %rbp\n"
        "  .cfi_adjust_cfa_offset 8\n"
        "  mov freehold_step@gottpoff(%rip), %rbx\n"
        "  add %fs:0, %rbx\n"
        "  mov (%rbx), %rbp\n"
        "  movq $0, (%rbx)\n"
        "  add $8, %rbx\n"
        "1:\n"
        "  test %rbp, %rbp\n"
        "  jz 2f\n"
        "  mov (%rbx), %rdi\n"
        "  mov 8(%rbx), %rsi\n"
        "  xor %edx, %edx\n"
        "  mov $10, %eax\n" /* KERNEL_PROTECT_NUMBER */
        "  syscall\n"
        "  add $16, %rbx\n"
        "  dec %rbp\n"
        "  jmp 1b\n"
        "2:\n"
        "  pop %rbp\n"
        "  .cfi_adjust_cfa_offset -8\n"
        "  pop %rbx\n"
        "  .cfi_adjust_cfa_offset -8\n"
        "  ret\n"
        "  .cfi_endproc\n"
        ".size freehold_step_close, .-freehold_step_close\n"
        ".popsection\n");
extern void freehold_step_close(void);
_Static_assert(KERNEL_PROTECT_NUMBER == 10, "the assembly knows");

static void stubs_map(void) {
  uintptr_t written;
  stub_run = 0;
  memset(stubs, 0, sizeof stubs);
  stub_process = kernel_process_id();
  if (kernel_map_code(STUBS * STUB_BYTES, &written, &stub_run) == 0)
    stub_code = (unsigned char *)written;
}

bool step_start(void) {
  stubs_map();
  return true;
}

static bool in_stub(uintptr_t pc) {
  return stub_run != 0 && pc - stub_run < STUBS * STUB_BYTES;
}

void step_find_program(ucontext_t *context) {
  greg_t *pc = &context->uc_mcontext.gregs[REG_RIP];
  if (in_stub((uintptr_t)*pc) && ((uintptr_t)*pc - stub_run) % STUB_BYTES == 0)
    *pc = (greg_t)stubs[((uintptr_t)*pc - stub_run) / STUB_BYTES].pc;
}

/* ---- Stubs. ---- */

static unsigned char *put(unsigned char *at, const void *bytes, size_t length) {
  memcpy(at, bytes, length);
  return at + length;
}

static void stub_write(unsigned char *at, const unsigned char *instruction, unsigned length, uintptr_t next) {
  static const unsigned char save[] = {0x48, 0x8d, 0x64, 0x24, 0x80, /* lea -128(%rsp), %rsp: behind the red zone */
                                       0x9c,                         /* pushf */
                                       0x50, 0x51, 0x52, 0x56, 0x57, /* push rax, rcx, rdx, rsi, rdi */
                                       0x41, 0x53,                   /* push r11 */
                                       0x48, 0xb8};                  /* mov the next eight bytes, rax */
  static const unsigned char restore[] = {0xff, 0xd0,                /* call *%rax */
                                          0x41, 0x5b,                /* pop r11 */
                                          0x5f, 0x5e, 0x5a, 0x59, 0x58, /* pop rdi, rsi, rdx, rcx, rax */
                                          0x9d,                         /* popf */
                                          0x48, 0x8d, 0xa4, 0x24, 0x80, 0x00, 0x00, 0x00, /* lea 128(%rsp), %rsp */
                                          0xff, 0x25, 0x00, 0x00, 0x00, 0x00};            /* jmp *(%rip) */
  uintptr_t close_function = (uintptr_t)freehold_step_close;
  at = put(at, instruction, length);
  at = put(at, save, sizeof save);
  at = put(at, &close_function, sizeof close_function);
  at = put(at, restore, sizeof restore);
  put(at, &next, sizeof next);
}

/* Code that knows where it stands can't be moved: calls, jumps, and operands that are relative to it. */
static bool is_movable(const unsigned char *bytes, unsigned length) {
  struct decoded_instruction decoded;
  if (!instruction_decode(bytes, length, &decoded) || decoded.relative)
    return false;
  if (decoded.map == MAP_0F)
    return (decoded.opcode & 0xf0) != 0x80; /* jcc */
  if (decoded.map != MAP_ONE_BYTE)
    return true;
  switch (decoded.opcode) {
  case 0xff:
    return decoded.modrm_register < 2 || decoded.modrm_register > 5; /* inc, dec, push */
  case 0xc2:
  case 0xc3:
  case 0xca:
  case 0xcb:
  case 0xcf: /* returns */
    return false;
  default:
    return (decoded.opcode & 0xf0) != 0x70 &&
           (decoded.opcode & 0xf0) != 0xe0; /* jumps, calls, loops; in and out too */
  }
}

/* The address of the copy for this pc; 0 when there is no room for it. */
static uintptr_t stub_for(uintptr_t pc, unsigned length) {
  const unsigned char *bytes = (const unsigned char *)pc;
  if (UNLIKELY(stub_process != kernel_process_id()))
    stubs_map();
  if (stub_run == 0 || length > LENGTH_MOST)
    return 0;
  size_t hash = pc * 0x9e3779b97f4a7c15u >> 40;
  for (size_t probe = 0; probe < STUB_PROBES; probe++) {
    size_t number = (hash + probe) % STUBS;
    struct stub *stub = &stubs[number];
    uintptr_t known = __atomic_load_n(&stub->pc, __ATOMIC_ACQUIRE);
    if (known == 0 && __atomic_compare_exchange_n(&stub->pc, &known, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
      memcpy(stub->bytes, bytes, length);
      stub->length = is_movable(bytes, length) ? (uint8_t)length : 0;
      stub_write(stub_code + number * STUB_BYTES, bytes, length, pc + length);
      __atomic_store_n(&stub->pc, pc, __ATOMIC_RELEASE);
      known = pc;
    }
    /* Other code may have been loaded where this was. */
    if (known == pc)
      return stub->length == length && memcmp(stub->bytes, bytes, stub->length) == 0 ? stub_run + number * STUB_BYTES
                                                                                     : 0;
  }
  return 0;
}

bool step_over(ucontext_t *context, unsigned length, uintptr_t address, size_t bytes) {
  greg_t *registers = context->uc_mcontext.gregs;
  uintptr_t pc = (uintptr_t)registers[REG_RIP];
  if (step.pc != pc)
    step.count = 0; /* another one was left before it was done, by a longjmp */
  if (step.count == RANGES_MOST)
    return false;
  step.ranges[step.count].address = address;
  step.ranges[step.count].bytes = bytes;
  step.count++;
  step.pc = pc;
  uintptr_t stub = stub_for(pc, length);
  step.by_trap = stub == 0;
  if (stub != 0)
    registers[REG_RIP] = (greg_t)stub;
  else
    registers[REG_EFL] |= TRAP_FLAG;
  return true;
}

bool step_trapped(ucontext_t *context) {
  if (!step.by_trap)
    return false;
  step.by_trap = false;
  context->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
  for (size_t i = 0; i < step.count; i++)
    kernel.protect(step.ranges[i].address, step.ranges[i].bytes, false);
  step.count = 0;
  return true;
}

#else

bool step_start(void) {
  return false;
}
void step_find_program(ucontext_t *context) {
  (void)context;
}
bool step_over(ucontext_t *context, unsigned length, uintptr_t address, size_t bytes) {
  (void)context, (void)length, (void)address, (void)bytes;
  return false;
}
bool step_trapped(ucontext_t *context) {
  (void)context;
  return false;
}

#endif
