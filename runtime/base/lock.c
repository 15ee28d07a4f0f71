#include "base/lock.h"
#include "base/syscall.h"

#include <linux/futex.h>

/* Long enough to outlast another thread's list operation, short enough not to burn a slice when it was preempted. */
#define SPINS_BEFORE_SLEEP 64

COLD void lock_wait(struct lock *lock) {
  for (int spin = 0; spin < SPINS_BEFORE_SLEEP; spin++) {
    if (__atomic_load_n(&lock->state, __ATOMIC_RELAXED) == 0 && lock_try(lock))
      return;
    spin_pause();
  }
  while (__atomic_exchange_n(&lock->state, 2, __ATOMIC_ACQUIRE) != 0)
    SYSCALL4(SYS_futex, &lock->state, FUTEX_WAIT_PRIVATE, 2, 0);
}

COLD void lock_wake(struct lock *lock) {
  SYSCALL3(SYS_futex, &lock->state, FUTEX_WAKE_PRIVATE, 1);
}
