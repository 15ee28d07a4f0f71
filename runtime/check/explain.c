#include "check/explain.h"
#include "base/fault_access.h"
#include "base/options.h"
#include "base/print.h"
#include "check/object.h"
#include "check/order.h"
#include "check/report.h"
#include "guard/instruction.h"
#include "heap/misuse.h"
#include "heap/vault_fault.h"
#include "space/kernel.h"
#include "space/mapping.h"

#include <string.h>

/* How far from the stack pointer an access of a function's own may be. */
#define STACK_REACH (1 * MIB)
#define DEPTH_MOST  (4u << 20)
#define CYCLE_MOST  64u
#define FREED_VALUE 0xfd

#if defined(__x86_64__)
static uintptr_t stack_pointer(const ucontext_t *context) {
  return (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
}
static uintptr_t program_counter(const ucontext_t *context) {
  return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
}
#else
static uintptr_t stack_pointer(const ucontext_t *context) {
  return (uintptr_t)context->uc_mcontext.sp;
}
static uintptr_t program_counter(const ucontext_t *context) {
  return (uintptr_t)context->uc_mcontext.pc;
}
#endif

/* An address that no page can have comes without one; the instruction's operand is what was meant. */
static void find_operand(struct fault *fault) {
  struct instruction instruction;
  fault->has_address = false;
  if (!instruction_read(fault->context, &instruction) || instruction.access_count == 0)
    return;
  fault->address = instruction.accesses[0].address;
  for (unsigned i = 0; i < instruction.access_count; i++)
    if (instruction.accesses[i].address >> 47 != 0)
      fault->address = instruction.accesses[i].address;
  fault->access = instruction.accesses[0].writes ? FH_ACCESS_WRITE : FH_ACCESS_READ;
  fault->has_address = true;
}

struct fault fault_describe(int number, const siginfo_t *info, void *context) {
  struct fault fault = {
      .number = number, .address = (uintptr_t)info->si_addr, .has_address = true, .context = context};
  fault.access = fault_access(context);
  if (number == SIGSEGV && info->si_code == SI_KERNEL)
    find_operand(&fault);
  return fault;
}

static bool all_bytes(uintptr_t value, unsigned byte) {
  /* The low bits may have got an offset. */
  return value >> 16 == (0x0101010101010101u * byte) >> 16;
}

/* "the stack of 8192 KiB is full, 1234 calls deep; a cycle of 2 calls repeats". */
static void describe_stack(struct text *detail, const struct fault *fault, const struct mapping *stack) {
  text_add(detail, "the stack of ");
  text_add_decimal(detail, (stack->end - stack->start) / KIB);
  text_add(detail, " KiB is full");
  size_t bytes = DEPTH_MOST * sizeof(uintptr_t);
  intptr_t at = kernel.reserve(bytes);
  if ((at < 0 && at > -4096) || kernel.commit((uintptr_t)at, bytes) != 0)
    return;
  uintptr_t *frames = (uintptr_t *)at;
  bool cut;
  size_t depth = stack_unwind_context(fault->context, frames, DEPTH_MOST, &cut);
  text_add(detail, cut ? ", more than " : ", ");
  text_add_decimal(detail, depth);
  text_add(detail, " calls deep");
  for (size_t period = 1; period <= CYCLE_MOST && 4 * period + 2 < depth; period++) {
    size_t same = 0;
    while (same < 3 * period && frames[1 + same] == frames[1 + same + period])
      same++;
    if (same == 3 * period) {
      text_add(detail, "; a cycle of ");
      text_add_decimal(detail, period);
      text_add(detail, period == 1 ? " call repeats" : " calls repeats");
      break;
    }
  }
  kernel.release((uintptr_t)at, bytes);
}

/* The mapping that the stack pointer, or what is just above it, lies in. */
static bool stack_is_full(const struct fault *fault, struct mapping *stack) {
  uintptr_t sp = stack_pointer(fault->context);
  if (fault->address + STACK_REACH < sp || fault->address > sp + STACK_REACH)
    return false;
  struct mapping hit = mapping_find(fault->address);
  if (hit.found && hit.permissions[1] == 'w')
    return false;
  *stack = mapping_find(hit.end); /* behind a guard */
  if (!hit.found)
    *stack = mapping_find(hit.start); /* the next one above */
  if (!stack->found || stack->permissions[1] != 'w' || sp >= stack->end)
    return false;
  /* A large array takes the stack pointer far below the stack in one step. */
  return stack->start <= sp + STACK_REACH || strcmp(stack->name, "[stack]") == 0;
}

static void describe_nothing(struct text *detail, uintptr_t address, const struct mapping *above) {
  text_add(detail, "nothing is mapped there");
  if (above->start != 0 && above->start - address < 16 * MIB) {
    text_add(detail, "; ");
    text_add_decimal(detail, above->start - address);
    text_add(detail, " bytes above begins ");
    text_add(detail, above->name[0] != '\0' ? above->name : "an anonymous mapping");
  }
}

static enum fh_report_kind classify(const struct fault *fault, struct text *detail) {
  struct mapping stack, hit;
  uintptr_t address = fault->address;
  if (!fault->has_address) {
    text_add(detail, "the processor gives no address, and the instruction has no operand that tells");
    return FH_REPORT_WILD_POINTER;
  }
  if (address < NULL_BYTES) {
    if (address != 0) {
      text_add_decimal(detail, address);
      text_add(detail, " bytes above null: a member or an element of an object at null");
    }
    return FH_REPORT_NULL_POINTER;
  }
  if (vault_describe(detail, address))
    return FH_REPORT_PROTECTED_HEAP;
  if (all_bytes(address, (unsigned)options.fill)) {
    text_add(detail, "a pointer that was read from heap memory nobody had written to");
    return FH_REPORT_WILD_POINTER;
  }
  if (all_bytes(address, FREED_VALUE)) {
    text_add(detail, "a pointer that was read from heap memory after it was freed");
    return FH_REPORT_WILD_POINTER;
  }
  if (stack_is_full(fault, &stack)) {
    describe_stack(detail, fault, &stack);
    return FH_REPORT_STACK_OVERFLOW;
  }
  hit = mapping_find(address);
  if (hit.found && hit.permissions[1] != 'w' && hit.permissions[0] == 'r' && fault->access == FH_ACCESS_WRITE) {
    text_add(detail, hit.permissions[2] == 'x' ? "code of " : "read-only data of ");
    text_add(detail, hit.name[0] != '\0' ? hit.name : "an anonymous mapping");
    return FH_REPORT_WRITE_TO_READONLY;
  }
  if (fault->number == SIGBUS)
    text_add(detail, "behind the end of the file that is mapped there, or misaligned");
  else if (address >> 47 != 0)
    text_add(detail, "no address a program can have: not a pointer at all, or an overwritten one");
  else if (fault->access == FH_ACCESS_EXECUTE || address == program_counter(fault->context))
    text_add(detail, "a call or a jump to what is no code");
  else if (hit.found)
    text_add(detail, "addresses that are reserved, where nothing may be touched");
  else
    describe_nothing(detail, address, &hit);
  return FH_REPORT_WILD_POINTER;
}

/* The allocation that failed on order, and was not looked at: it explains a null pointer. */
static void add_failed_call(struct fh_report *report) {
  uint32_t thread;
  stack_id failed = order_last(&thread);
  if (report->kind != FH_REPORT_NULL_POINTER || failed == 0)
    return;
  report->flags |= FH_REPORT_FAILED_CALL;
  report_fill_stack(&report->object.allocated, failed, thread);
}

/* Where the call came from that has led to what is no code. */
static bool find_caller(const struct fault *fault, struct stack_place *caller) {
#if defined(__x86_64__)
  const greg_t *registers = fault->context->uc_mcontext.gregs;
  uintptr_t sp = (uintptr_t)registers[REG_RSP], target;
  if (fault->access != FH_ACCESS_EXECUTE || kernel_read_own(sp, &target, sizeof target) != sizeof target)
    return false;
  *caller = (struct stack_place){target, sp + sizeof target, (uintptr_t)registers[REG_RBP]};
  return true;
#else
  (void)fault, (void)caller;
  return false;
#endif
}

void explain(const struct fault *fault) {
  struct fh_report report;
  struct text detail;
  text_clear(&detail);
  enum fh_report_kind kind = classify(fault, &detail);
  struct stack_place caller;
  if (find_caller(fault, &caller))
    report_begin(&report, kind, caller);
  else
    report_begin_at_fault(&report, kind, fault->context);
  report.flags = FH_REPORT_FATAL;
  report.address = fault->address;
  report.access = fault->access;
  struct instruction instruction;
  if (fault->access != FH_ACCESS_EXECUTE && instruction_read(fault->context, &instruction))
    for (unsigned i = 0; i < instruction.access_count; i++)
      if (fault->address - instruction.accesses[i].address < instruction.accesses[i].bytes)
        report.access_bytes = instruction.accesses[i].bytes;
  memcpy(report.detail, detail.bytes,
         detail.length < sizeof report.detail ? detail.length : sizeof report.detail - 1);
  add_failed_call(&report);
  report_write(&report);
}
