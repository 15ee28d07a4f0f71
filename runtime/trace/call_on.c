#include "trace/call_on.h"

#if defined(__x86_64__)
/* In assembly for the sake of the lines that tell debuggers where the caller's frame is, and (as for a signal's frame) that
 * it may lie on any other stack. */
__asm__(".pushsection .text\n\t"
        ".globl call_on\n\t"
        ".hidden call_on\n\t"
        ".type call_on, @function\n"
        "call_on:\n\t"
        ".cfi_startproc\n\t"
        ".cfi_signal_frame\n\t"
        "push %rbp\n\t"
        ".cfi_def_cfa_offset 16\n\t"
        ".cfi_offset %rbp, -16\n\t"
        "mov %rsp, %rbp\n\t"
        ".cfi_def_cfa_register %rbp\n\t"
        "mov %rdi, %rsp\n\t"
        "mov %rsi, %rdi\n\t"
        "call *%rdx\n\t"
        "leave\n\t"
        ".cfi_def_cfa %rsp, 8\n\t"
        "ret\n\t"
        ".cfi_endproc\n\t"
        ".size call_on, .-call_on\n\t"
        ".popsection");
#else
void call_on(uintptr_t top, void *argument, void (*call)(void *argument)) {
  (void)top;
  call(argument);
}
#endif
