/*
 * syscall.h: system calls that never touch errno.
 *
 * free() has to keep errno (POSIX.1-2024), and the purge thread has no thread-local storage to keep one in, so the
 * library's own calls bypass libc's wrappers. A result in -4095..-1 is a negated errno, as the kernel returns it.
 * Async-signal-safe.
 */
#ifndef FREEHOLD_BASE_SYSCALL_H
#define FREEHOLD_BASE_SYSCALL_H

#include <sys/syscall.h>

#if defined(__x86_64__)
static inline long syscall6(long number, long a, long b, long c, long d, long e, long f) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
static inline long syscall6(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "Freehold knows the system call convention of x86-64 and aarch64 only"
#endif

#define SYSCALL0(number)                syscall6((number), 0, 0, 0, 0, 0, 0)
#define SYSCALL1(number, a)             syscall6((number), (long)(a), 0, 0, 0, 0, 0)
#define SYSCALL2(number, a, b)          syscall6((number), (long)(a), (long)(b), 0, 0, 0, 0)
#define SYSCALL3(number, a, b, c)       syscall6((number), (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define SYSCALL4(number, a, b, c, d)    syscall6((number), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYSCALL5(number, a, b, c, d, e) syscall6((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define SYSCALL6(number, a, b, c, d, e, f)                                                                           \
  syscall6((number), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
