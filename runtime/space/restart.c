#include "space/restart.h"
#include "space/kernel.h"
#include "space/process.h"

#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#define NANOSECONDS 1000000000ull
#define MILLISECOND 1000000ull

/* How a call says how long it wants to wait. */
enum time_form {
  TIME_NONE,                 /* not at all, or until a point in time */
  TIME_NUMBER,               /* milliseconds, an int; negative: without end */
  TIME_POINTER,              /* a struct timespec; NULL: without end */
  TIME_REMAINED,             /* the same; what is left was stored through the next argument, unless that is NULL */
  TIME_UPDATED,              /* the same; what is left was stored in its place */
  TIME_UPDATED_MICROSECONDS, /* a struct timeval */
};

struct call_form {
  long number;
  enum time_form form;
  unsigned argument;
};

static const struct call_form forms[] = {
#if defined(__x86_64__)
    {SYS_pause, TIME_NONE, 0},
    {SYS_poll, TIME_NUMBER, 2},
    {SYS_select, TIME_UPDATED_MICROSECONDS, 4},
    {SYS_epoll_wait, TIME_NUMBER, 3},
#endif
    {SYS_ppoll, TIME_UPDATED, 2},
    {SYS_pselect6, TIME_UPDATED, 4},
    {SYS_epoll_pwait, TIME_NUMBER, 3},
#ifdef SYS_epoll_pwait2
    {SYS_epoll_pwait2, TIME_POINTER, 3},
#endif
    {SYS_nanosleep, TIME_REMAINED, 0},
    {SYS_clock_nanosleep, TIME_REMAINED, 2},
    {SYS_futex, TIME_POINTER, 3},
#ifdef SYS_futex_waitv
    {SYS_futex_waitv, TIME_NONE, 0},
#endif
    {SYS_rt_sigsuspend, TIME_NONE, 0},
    {SYS_rt_sigtimedwait, TIME_POINTER, 2},
    {SYS_semop, TIME_NONE, 0},
    {SYS_semtimedop, TIME_POINTER, 3},
    {SYS_msgsnd, TIME_NONE, 0},
    {SYS_msgrcv, TIME_NONE, 0},
    {SYS_mq_timedsend, TIME_NONE, 0},
    {SYS_mq_timedreceive, TIME_NONE, 0},
    {SYS_io_getevents, TIME_POINTER, 4},
#ifdef SYS_io_pgetevents
    {SYS_io_pgetevents, TIME_POINTER, 4},
#endif
#ifdef SYS_io_uring_enter
    {SYS_io_uring_enter, TIME_NONE, 0},
#endif
    /* These only where the socket has a time of its own (SO_RCVTIMEO), which begins anew. */
    {SYS_recvfrom, TIME_NONE, 0},
    {SYS_recvmsg, TIME_NONE, 0},
    {SYS_recvmmsg, TIME_NONE, 0},
    {SYS_sendto, TIME_NONE, 0},
    {SYS_sendmsg, TIME_NONE, 0},
    {SYS_accept, TIME_NONE, 0},
    {SYS_accept4, TIME_NONE, 0},
    {SYS_read, TIME_NONE, 0},
    {SYS_write, TIME_NONE, 0},
};

static const struct call_form *form_of(long number) {
  for (size_t i = 0; i < ARRAY_LENGTH(forms); i++)
    if (forms[i].number == number)
      return &forms[i];
  return NULL;
}

bool call_replaces_program(const struct waiting_call *call) {
  return call->known && (call->number == SYS_execve || call->number == SYS_execveat);
}

/* A few calls say in another argument that their time is a point in time. */
static bool time_is_absolute(long number, const uintptr_t *arguments) {
  if (number == SYS_clock_nanosleep)
    return (arguments[1] & TIMER_ABSTIME) != 0;
  if (number == SYS_futex)
    return (arguments[1] & (uintptr_t)FUTEX_CMD_MASK) != FUTEX_WAIT;
  return false;
}

/* ---- The registers of a call ---- */

#if defined(__x86_64__)

#define CALL_INSTRUCTION_BYTES 2
static bool is_call_instruction(uintptr_t at) {
  return memcmp((const void *)at, "\x0f\x05", CALL_INSTRUCTION_BYTES) == 0;
}

static const int argument_registers[CALL_ARGUMENTS] = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9};

static uintptr_t *argument_at(ucontext_t *context, unsigned argument) {
  return (uintptr_t *)(void *)&context->uc_mcontext.gregs[argument_registers[argument]];
}
static uintptr_t *instruction_at(ucontext_t *context) {
  return (uintptr_t *)(void *)&context->uc_mcontext.gregs[REG_RIP];
}
static uintptr_t *stack_pointer_at(ucontext_t *context) {
  return (uintptr_t *)(void *)&context->uc_mcontext.gregs[REG_RSP];
}
static intptr_t result_of(const ucontext_t *context) {
  return context->uc_mcontext.gregs[REG_RAX];
}

/* mov $NUMBER, %eax before the call, as libc's wrappers have it; or -1. */
static long number_before(uintptr_t instruction) {
  unsigned char code[5];
  memcpy(code, (const char *)instruction - CALL_INSTRUCTION_BYTES - sizeof code, sizeof code);
  if (code[0] != 0xb8)
    return -1;
  int32_t number;
  memcpy(&number, code + 1, sizeof number);
  return number;
}

static void set_back(ucontext_t *context, long number, uintptr_t first_argument) {
  (void)first_argument; /* still in its register */
  context->uc_mcontext.gregs[REG_RAX] = number;
  *instruction_at(context) -= CALL_INSTRUCTION_BYTES;
}

#else

#define CALL_INSTRUCTION_BYTES 4
static bool is_call_instruction(uintptr_t at) {
  return memcmp((const void *)at, "\x01\x00\x00\xd4", CALL_INSTRUCTION_BYTES) == 0;
}
static uintptr_t *argument_at(ucontext_t *context, unsigned argument) {
  return (uintptr_t *)(void *)&context->uc_mcontext.regs[argument];
}
static uintptr_t *instruction_at(ucontext_t *context) {
  return (uintptr_t *)(void *)&context->uc_mcontext.pc;
}
static uintptr_t *stack_pointer_at(ucontext_t *context) {
  return (uintptr_t *)(void *)&context->uc_mcontext.sp;
}
static intptr_t result_of(const ucontext_t *context) {
  return (intptr_t)context->uc_mcontext.regs[0];
}

/* The result stands where the first argument was: without the kernel's word the call can't be made again. */
static long number_before(uintptr_t instruction) {
  (void)instruction;
  return -1;
}
static void set_back(ucontext_t *context, long number, uintptr_t first_argument) {
  (void)number;                                      /* still in x8 */
  if (*argument_at(context, 0) == (uintptr_t)-EINTR) /* not if it was replaced */
    *argument_at(context, 0) = first_argument;
  *instruction_at(context) -= CALL_INSTRUCTION_BYTES;
}

#endif

/* ---- Starting it again ---- */

/*
 * Of this thread's call that was restarted last: what is left of its time, which the kernel reads once, at the call's
 * start; when that is over; and where the program finds what is left. That the call's argument points to `left` shows
 * that it was restarted before.
 */
static __thread struct timespec left; /* or a struct timeval, which looks the same */
static __thread uint64_t deadline;
static __thread struct timespec *told;

/* In the half of a register that the kernel ignores of an int: the number is what is left, and not the program's. */
#define LEFT_TAG ((uintptr_t)0x46485254 << 32)

static uint64_t until_deadline(void) {
  uint64_t now = kernel_now();
  return deadline > now ? deadline - now : 0;
}

static void set_number(uintptr_t *argument) {
  if ((int)*argument <= 0)
    return;
  if ((*argument & ~(uintptr_t)UINT32_MAX) != LEFT_TAG)
    deadline = kernel_now() + (uint64_t)(uint32_t)*argument * MILLISECOND;
  *argument = LEFT_TAG | (uint32_t)divide_up(until_deadline(), MILLISECOND);
}

static void set_time(ucontext_t *context, const struct call_form *form) {
  uintptr_t *argument = argument_at(context, form->argument);
  if (form->form == TIME_NUMBER)
    set_number(argument);
  if (form->form == TIME_NUMBER || *argument == 0)
    return;
  uint64_t part = form->form == TIME_UPDATED_MICROSECONDS ? 1000 : 1;
  struct timespec *asked = (struct timespec *)*argument;
  if (asked != &left) {
    bool updated = form->form == TIME_UPDATED || form->form == TIME_UPDATED_MICROSECONDS;
    told = updated                       ? asked
           : form->form == TIME_REMAINED ? (struct timespec *)*argument_at(context, form->argument + 1)
                                         : NULL;
    const struct timespec *rest = told != NULL ? told : asked;
    if (rest->tv_sec > (time_t)UINT32_MAX) /* more than a century need not be exact */
      return;
    deadline = kernel_now() + (uint64_t)rest->tv_sec * NANOSECONDS + (uint64_t)rest->tv_nsec * part;
  }
  uint64_t nanoseconds = until_deadline();
  left.tv_sec = (time_t)(nanoseconds / NANOSECONDS);
  left.tv_nsec = (long)(nanoseconds % NANOSECONDS / part);
  if (told != NULL)
    *told = left;
  *argument = (uintptr_t)&left;
}

void call_restart(ucontext_t *context, const struct waiting_call *call) {
  uintptr_t instruction = *instruction_at(context);
  if (result_of(context) != -EINTR || !is_call_instruction(instruction - CALL_INSTRUCTION_BYTES))
    return;
  bool known = call->known && call->instruction == instruction && call->stack_pointer == *stack_pointer_at(context);
  long number = known ? call->number : number_before(instruction);
  const struct call_form *form = form_of(number);
  if (form == NULL || process_signals_wait(&context->uc_sigmask))
    return;
  uintptr_t arguments[CALL_ARGUMENTS];
  for (unsigned i = 0; i < CALL_ARGUMENTS; i++)
    arguments[i] = known ? call->arguments[i] : *argument_at(context, i);
#if defined(__aarch64__)
  *argument_at(context, 0) = arguments[0];
#endif
  if (form->form != TIME_NONE && !time_is_absolute(number, arguments))
    set_time(context, form);
  set_back(context, number, arguments[0]);
}
