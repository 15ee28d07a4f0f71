/*
 * The decoder and whatever bytes: nonsense must not crash it nor make it read beyond what may be read, and a program counter
 * where nothing is mapped is no instruction. kernel_read_own must give what is there up to the first hole.
 */
#include "guard/instruction.h"
#include "guard/instruction_decode.h"
#include "space/kernel.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <errno.h>
#include <stddef.h>
#include <sys/syscall.h>

enum { PAGE = 4096, ROUNDS = 1000000 };

static int failures;

static void check(bool holds, const char *what) {
  if (!holds) {
    printf("failed: %s\n", what);
    failures++;
  }
}

static uint64_t random_state = 88172645463325252u;

static uint64_t random_number(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}

/* Bytes that instructions often start with, so that long ones come up. */
static uint8_t random_byte(void) {
  static const uint8_t likely[] = {0x66, 0x67, 0xf2, 0xf3, 0x48, 0x4c, 0x0f, 0xc4, 0xc5, 0x62, 0x38, 0x3a,
                                   0x64, 0x65, 0x84, 0x24, 0x04, 0x05, 0xff, 0xf1, 0x7d, 0xe8, 0xeb, 0x75};
  uint64_t number = random_number();
  return number & 1 ? likely[number / 2 % sizeof likely] : (uint8_t)(number >> 32);
}

static void nonsense(char *pages) {
  /* The last bytes of a page before a hole: reading one too many would end the test. */
  uint8_t *edge = (uint8_t *)pages + PAGE;
  ucontext_t context;
  memset(&context, 0, sizeof context);
  unsigned understood = 0, used = 0;
  for (unsigned round = 0; round < ROUNDS; round++) {
    size_t count = 1 + random_number() % 40;
    for (size_t byte = 1; byte <= count; byte++)
      edge[-(ptrdiff_t)byte] = random_byte();
    for (unsigned number = 0; number <= REG_RIP; number++)
      context.uc_mcontext.gregs[number] = (greg_t)(random_number() >> (random_number() & 63));
    context.uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)(edge - count);
    struct instruction instruction;
    if (!instruction_read(&context, &instruction))
      continue;
    understood++;
    if (instruction.length == 0 || instruction.length > INSTRUCTION_BYTES_MOST || instruction.length > count ||
        instruction.access_count > INSTRUCTION_ACCESSES_MOST) {
      check(false, "length and number of accesses are in their bounds");
      return;
    }
    for (unsigned number = 0; number < instruction.access_count; number++)
      if (instruction.accesses[number].bytes == 0 ||
          (!instruction.accesses[number].reads && !instruction.accesses[number].writes)) {
        check(false, "an access has bytes and a direction");
        return;
      }
    used += instruction_uses_value(&context, &instruction);
  }
  printf("%u of %u understood, %u used\n", understood, ROUNDS, used);
  check(understood > ROUNDS / 10 && used > 0, "some nonsense makes sense");
}

static void holes(char *pages) {
  ucontext_t context;
  memset(&context, 0, sizeof context);
  struct instruction instruction;
  memset(pages, 0x90, PAGE);
  context.uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)(pages + PAGE);
  check(!instruction_read(&context, &instruction), "an instruction in a hole");
  check(!instruction_uses_value(&context, &instruction), "a use in a hole");
  context.uc_mcontext.gregs[REG_RIP] = -16;
  check(!instruction_read(&context, &instruction), "an instruction at the end of the addresses");
  context.uc_mcontext.gregs[REG_RIP] = 0;
  check(!instruction_read(&context, &instruction), "an instruction at 0");
  /* mov $imm32, (%rdi), whole and cut off. */
  static const uint8_t move[] = {0xc7, 0x07, 1, 2, 3, 4};
  for (size_t count = 1; count <= sizeof move; count++) {
    memcpy(pages + PAGE - count, move, count);
    context.uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)(pages + PAGE - count);
    check(instruction_read(&context, &instruction) == (count == sizeof move), "an instruction cut off by a hole");
  }
  check(instruction.access_count == 1 && instruction.accesses[0].bytes == 4 && instruction.accesses[0].writes &&
            !instruction.accesses[0].reads,
        "a store of four bytes");

  char to[3 * PAGE];
  for (size_t byte = 0; byte < PAGE; byte++)
    pages[byte] = (char)(byte * 7);
  check(kernel_read_own((uintptr_t)pages, to, PAGE) == PAGE && memcmp(to, pages, PAGE) == 0, "a page");
  check(kernel_read_own((uintptr_t)pages + 100, to, sizeof to) == PAGE - 100 &&
            memcmp(to, pages + 100, PAGE - 100) == 0,
        "up to a hole");
  check(kernel_read_own((uintptr_t)pages + PAGE, to, 1) == 0, "a hole");
  check(kernel_read_own(UINTPTR_MAX - 7, to, 64) == 0, "the end of the addresses");
  check(kernel_read_own((uintptr_t)pages, to, 0) == 0, "nothing");
}

/* As in a sandbox that forbids reading processes. */
static bool forbid_reading(void) {
  struct sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_vm_readv, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = {sizeof program / sizeof *program, program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

int main(void) {
  check(instruction_start(), "start");
  char *pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED || munmap(pages + PAGE, PAGE) != 0)
    return 1;
  holes(pages);
  nonsense(pages);
  if (forbid_reading()) {
    holes(pages);
    printf("again without process_vm_readv\n");
  }
  return failures == 0 ? 0 : 1;
}
