/* The cases of instruction_use_test.c that are written by hand: one for each thing that the follower of values
 * knows. */
#include "instruction_use_code.h"

/* rdi: the thing, of which only the byte at 0 was written, as 0. rsi: another, to be written. */
#define CASE(name, code)                                                                                             \
  void name(struct thing *thing, struct thing *other);                                                               \
  __asm__(".text\n.globl " #name "\n" #name ":\n" code "\n");

CASE(hand_spilled_tested, "push %rbx\nmov 8(%rdi), %rax\npush %rax\nxor %eax, %eax\nmov $5, %ecx\npop %rdx\ntest "
                          "%rdx, %rdx\nje 1f\n1: pop %rbx\nret")
CASE(hand_spilled_by_frame, "mov 8(%rdi), %rax\nmov %rax, -16(%rsp)\nmov $0, %eax\ncmpq $3, -16(%rsp)\njg 1f\n1: ret")
CASE(hand_spill_overwritten,
     "mov 8(%rdi), %rax\nmov %rax, -16(%rsp)\nmovq $7, -16(%rsp)\nxor %eax, %eax\ncmpq $3, -16(%rsp)\njg 1f\n1: ret")
CASE(hand_cleared, "mov 8(%rdi), %rax\nxor %eax, %eax\ntest %rax, %rax\njne 1f\n1: ret")
CASE(hand_masked_away, "mov 8(%rdi), %rax\nand $0, %rax\njne 1f\n1: ret")
CASE(hand_filled, "mov 8(%rdi), %eax\nor $-1, %eax\ntest %eax, %eax\nje 1f\n1: ret")
CASE(hand_low_byte_set, "mov 8(%rdi), %rax\nmov %rax, 8(%rsi)\nmov $3, %al\ntest %al, %al\njne 1f\n1: ret")
CASE(hand_low_byte_extended,
     "mov 8(%rdi), %rax\ncmpb $0, (%rdi)\nsete %al\nmovzbl %al, %eax\ntest %eax, %eax\nje 1f\n1: ret")
CASE(hand_high_byte_tested, "mov 8(%rdi), %rax\nmov $3, %al\ntest %ah, %ah\njne 1f\n1: ret")
CASE(hand_exchanged,
     "mov 8(%rdi), %rax\nxor %ecx, %ecx\nxchg %rax, %rcx\ntest %rax, %rax\njne 1f\n1: test %rcx, %rcx\nje 2f\n2: ret")
CASE(hand_exchanged_back, "mov 8(%rdi), %rax\nmov $1, %edx\nxchg %rdx, %rax\ntest %rax, %rax\nje 1f\n1: ret")
CASE(hand_exchanged_store,
     "sub $8, %rsp\nmov $1, %ecx\nxchg %rcx, 8(%rdi)\ncall *1f(%rip)\nadd $8, %rsp\nret\n2: ret\n"
     ".pushsection .data\n1: .quad 2b\n.popsection")
CASE(hand_exchanged_lock, "mov $1, %ecx\nxchg %rcx, 8(%rdi)\ntest %rcx, %rcx\nje 1f\n1: ret")
CASE(hand_address_computed,
     "mov 8(%rdi), %rax\nlea 1(%rax,%rax,2), %rcx\nand $7, %ecx\nmovzbl (%rdi,%rcx), %eax\nxor %eax, %eax\nret")
CASE(hand_hinted, "mov 8(%rdi), %rax\nprefetcht0 (%rax)\nnopl (%rax)\nret")
CASE(hand_count_of_string, "mov 8(%rdi), %rcx\nmov %rsi, %rdi\nxor %eax, %eax\nrep stosb\nret")
CASE(hand_copied_by_string, "xchg %rdi, %rsi\nadd $8, %rsi\nadd $8, %rdi\nmov $2, %ecx\nrep movsq\nret")
CASE(hand_loaded_by_string, "mov %rdi, %rsi\nadd $8, %rsi\nlodsq\ntest %rax, %rax\njs 1f\n1: ret")
CASE(hand_compared_by_string, "add $8, %rsi\nadd $8, %rdi\ncmpsq\njne 1f\n1: ret")
CASE(hand_carry_chain, "mov 8(%rdi), %rax\nadd $1, %rax\nadc $0, %rdx\nmov %rdx, 16(%rsi)\nret")
CASE(hand_flags_overwritten, "cmpq $3, 8(%rdi)\ntest %rdi, %rdi\nje 1f\n1: ret")
CASE(hand_flags_of_or, "orl $1, 8(%rdi)\njs 1f\n1: ret")
CASE(hand_through_vector, "mov 8(%rdi), %rax\nmovq %rax, %xmm3\nmovaps %xmm3, %xmm1\npxor %xmm3, %xmm3\nucomisd "
                          "%xmm3, %xmm1\nja 1f\n1: ret")
CASE(hand_vector_cleared,
     "mov 8(%rdi), %rax\nmovq %rax, %xmm1\npxor %xmm1, %xmm1\npmovmskb %xmm1, %eax\ntest %eax, %eax\njne 1f\n1: ret")
CASE(hand_loop_before, "mov 8(%rdi), %rax\nmov $3, %ecx\njmp 2f\n1: dec %ecx\n2: test %ecx, %ecx\njne 1b\ntest %rax, "
                       "%rax\nje 3f\n3: ret")
CASE(
    hand_loop_tested_above,
    "mov 8(%rdi), %rax\nmov $3, %ecx\n1: test %ecx, %ecx\nje 2f\ndec %ecx\njmp 1b\n2: test %rax, %rax\nje 3f\n3: ret")
CASE(hand_one_way_only, "mov 8(%rdi), %rax\ntest %rsi, %rsi\njne 1f\ntest %rax, %rax\nje 1f\n1: ret")
CASE(hand_both_ways,
     "mov 8(%rdi), %rax\ntest %rsi, %rsi\njne 1f\ntest %rax, %rax\nje 2f\n2: ret\n1: cmp $4, %rax\nje 2b\nret")
CASE(hand_other_decides_not, "cmpl $3, 4(%rdi)\njle 1f\ncmpb $0, (%rdi)\nje 1f\nnop\n1: ret")
CASE(hand_other_decides, "movb $1, (%rsi)\ncmpl $3, 4(%rdi)\njle 1f\ncmpb $0, (%rsi)\nje 1f\nnop\n1: ret")
CASE(hand_combined, "cmpl $3, 4(%rdi)\nsetg %al\nand (%rdi), %al\nmov %al, (%rsi)\nret")
CASE(hand_combined_tested, "cmpl $3, 4(%rdi)\nsetg %al\nand $1, %al\nmov %al, (%rsi)\nret")
CASE(hand_words_passed, "sub $8, %rsp\nmov 8(%rdi), %rsi\nmov 16(%rdi), %rdx\ncall *1f(%rip)\nadd $8, %rsp\nret\n2: "
                        "ret\n.pushsection .data\n1: .quad 2b\n.popsection")
CASE(hand_words_passed_turned, "sub $8, %rsp\nmov 16(%rdi), %rdx\nmov 8(%rdi), %rdi\ncall *1f(%rip)\nadd $8, "
                               "%rsp\nret\n2: ret\n.pushsection .data\n1: .quad 2b\n.popsection")
CASE(hand_word_passed, "sub $8, %rsp\nmov 8(%rdi), %rdi\ncall *1f(%rip)\nadd $8, %rsp\nret\n2: ret\n.pushsection "
                       ".data\n1: .quad 2b\n.popsection")
CASE(hand_word_left_behind, "sub $8, %rsp\nmov 8(%rdi), %rdx\nmov %rdx, 8(%rsi)\ncall *1f(%rip)\nadd $8, "
                            "%rsp\nret\n2: ret\n.pushsection .data\n1: .quad 2b\n.popsection")
CASE(hand_long_callee,
     "sub $8, %rsp\nmov 8(%rdi), %rdi\ncall 1f\nadd $8, %rsp\nret\n1: .rept 150\nmov $1, %eax\n.endr\nret")
CASE(hand_callee_returns,
     "sub $8, %rsp\nmov 8(%rdi), %rdi\ncall 1f\nmov %rax, 8(%rsi)\nadd $8, %rsp\nret\n1: mov %rdi, %rax\nret")
CASE(hand_callee_returns_tested,
     "sub $8, %rsp\nmov 8(%rdi), %rdi\ncall 1f\ntest %rax, %rax\nje 2f\n2: add $8, %rsp\nret\n1: mov %rdi, %rax\nret")
CASE(hand_kept_over_call, "push %rbx\nmov 8(%rdi), %rbx\ncall 2f\ntest %rbx, %rbx\nje 1f\n1: pop %rbx\nret\n2: ret")
CASE(hand_lost_over_call,
     "push %rbx\nmov 8(%rdi), %rax\ncall 2f\ntest %rax, %rax\nje 1f\n1: pop %rbx\nret\n2: xor %eax, %eax\nret")
CASE(hand_system_call, "mov 8(%rdi), %rsi\nmov $0, %edi\nmov $39, %eax\nsyscall\nret")
CASE(hand_jump_to, "mov 8(%rdi), %rax\njmp 1f\nud2\n1: mov %rax, 8(%rsi)\nret")
CASE(hand_counter_in_rcx, "mov 8(%rdi), %rcx\njrcxz 1f\n1: ret")
CASE(hand_table_byte, "push %rbx\nmov 8(%rdi), %al\nlea (%rsi), %rbx\nxlat\npop %rbx\nret")
CASE(hand_shifted_stored, "mov 8(%rdi), %rax\nshl $3, %rax\nor $5, %rax\nmov %rax, 8(%rdi)\nret")
CASE(hand_added_to_memory, "addq $4, 8(%rdi)\nret")
CASE(hand_counted_down, "lock decl 4(%rdi)\nret")
CASE(hand_bit_set, "btsq $4, 8(%rdi)\nret")
CASE(hand_bit_set_tested, "btsq $4, 8(%rdi)\njc 1f\n1: ret")
CASE(hand_swapped_bytes, "mov 8(%rdi), %rax\nbswap %rax\nmov %rax, 8(%rsi)\nret")
CASE(hand_divided, "mov 8(%rdi), %eax\ncltd\nmov $3, %ecx\nidiv %ecx\nmov %eax, 4(%rsi)\nret")
CASE(hand_multiplied_tested, "mov 8(%rdi), %eax\nmov $3, %ecx\nmul %ecx\ntest %edx, %edx\njs 1f\n1: ret")

#define CASE_OF(name, expected)                                                                                      \
  { #name, hand_##name, expected }

const struct use_case use_cases_by_hand[] = {
    CASE_OF(spilled_tested, USED),
    CASE_OF(spilled_by_frame, USED),
    CASE_OF(spill_overwritten, NOT_USED),
    CASE_OF(cleared, NOT_USED),
    CASE_OF(masked_away, NOT_USED),
    CASE_OF(filled, NOT_USED),
    CASE_OF(low_byte_set, NOT_USED),
    CASE_OF(low_byte_extended, NOT_USED),
    CASE_OF(high_byte_tested, USED),
    CASE_OF(exchanged, USED),
    CASE_OF(exchanged_back, NOT_USED),
    CASE_OF(exchanged_store, NOT_USED),
    CASE_OF(exchanged_lock, USED),
    CASE_OF(address_computed, EITHER),
    CASE_OF(hinted, NOT_USED),
    CASE_OF(count_of_string, USED),
    CASE_OF(copied_by_string, NOT_USED),
    CASE_OF(loaded_by_string, USED),
    CASE_OF(compared_by_string, USED),
    CASE_OF(carry_chain, USED),
    CASE_OF(flags_overwritten, NOT_USED),
    CASE_OF(flags_of_or, USED),
    CASE_OF(through_vector, USED),
    CASE_OF(vector_cleared, NOT_USED),
    CASE_OF(loop_before, USED),
    CASE_OF(loop_tested_above, USED),
    CASE_OF(one_way_only, NOT_USED),
    CASE_OF(both_ways, USED),
    CASE_OF(other_decides_not, NOT_USED),
    CASE_OF(other_decides, USED),
    CASE_OF(combined, NOT_USED),
    CASE_OF(combined_tested, USED),
    CASE_OF(words_passed, NOT_USED),
    CASE_OF(words_passed_turned, NOT_USED),
    CASE_OF(word_passed, USED),
    CASE_OF(word_left_behind, NOT_USED),
    CASE_OF(long_callee, USED),
    CASE_OF(callee_returns, NOT_USED),
    CASE_OF(callee_returns_tested, USED),
    CASE_OF(kept_over_call, USED),
    CASE_OF(lost_over_call, NOT_USED),
    CASE_OF(system_call, USED),
    CASE_OF(jump_to, NOT_USED),
    CASE_OF(counter_in_rcx, USED),
    CASE_OF(table_byte, USED),
    CASE_OF(shifted_stored, NOT_USED),
    CASE_OF(added_to_memory, USED),
    CASE_OF(counted_down, USED),
    CASE_OF(bit_set, NOT_USED),
    CASE_OF(bit_set_tested, USED),
    CASE_OF(swapped_bytes, NOT_USED),
    CASE_OF(divided, NOT_USED),
    CASE_OF(multiplied_tested, USED),
    {NULL, NULL, EITHER},
};
