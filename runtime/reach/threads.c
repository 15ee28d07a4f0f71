#include "reach/threads.h"
#include "base/print.h"
#include "reach/sequence.h"
#include "space/kernel.h"
#include "space/process.h"

#include <string.h>

/* How long threads that block the signal are waited for. */
#define PATIENCE_NANOSECONDS 300000000u
/* Between two looks at those that have not stopped. */
#define LOOK_NANOSECONDS 1000000u

static struct stop {
  int signal;          /* 0: none chosen yet */
  bool active;         /* between threads_stop and threads_resume */
  bool copy;           /* in a copy: nothing to resume, nothing else runs */
  uint32_t generation; /* of the stop; atomic */
  uint32_t resumed;    /* the generation that may go on, a futex; atomic */
  uint32_t stopped;    /* how many have stopped, a futex; atomic */
  int self;            /* the thread that stops the others */
  uint32_t pass;
  size_t fresh, waiting, missed;
  size_t cursor; /* where the next thread of the listing is expected */
  uint64_t signals_before;
  /* Never released: a thread may take its signal late, and looks at its record then. */
  struct sequence threads;
} stop = {.threads = SEQUENCE_OF(struct stopped_thread)};

/* ---- threads that don't go on with the others ---- */

#define KEPT_MOST 64u
/* One that has ended, and is kept for the record. */
#define NO_THREAD UINT32_MAX

/* Written while the world stands still; `thread` is a futex, 0 again when the thread may go on. A child of fork has none. */
static struct kept_thread {
  uint32_t thread; /* atomic; 0: free */
  int process;
  const ucontext_t *context;
  uintptr_t stack_pointer, thread_pointer;
} kept_threads[KEPT_MOST];

static struct kept_thread *kept_thread_find(int thread) {
  for (size_t i = 0; i < KEPT_MOST; i++)
    if (__atomic_load_n(&kept_threads[i].thread, __ATOMIC_ACQUIRE) == (uint32_t)thread &&
        kept_threads[i].process == process_id())
      return &kept_threads[i];
  return NULL;
}

static struct kept_thread *kept_thread_of(uintptr_t thread_pointer) {
  for (size_t i = 0; i < KEPT_MOST; i++)
    if (kept_threads[i].thread != 0 && kept_threads[i].thread_pointer == thread_pointer &&
        kept_threads[i].process == process_id())
      return &kept_threads[i];
  return NULL;
}

/* By a thread that was stopped, and whose turn it would be to go on. */
static void wait_while_kept(int thread) {
  struct kept_thread *kept = kept_thread_find(thread);
  while (kept != NULL && __atomic_load_n(&kept->thread, __ATOMIC_ACQUIRE) == (uint32_t)thread)
    kernel_wait(&kept->thread, (uint32_t)thread, 0);
}

/* ---- in the thread that is stopped ---- */

/* glibc's own handler of the signal; atomic. */
static process_handler handler_before;

static bool is_ours(const siginfo_t *info) {
  return info->si_code == SI_QUEUE && info->si_pid == process_id();
}

static void take_stop(int signal, siginfo_t *info, void *context) {
  if (!is_ours(info)) {
    process_handler before = __atomic_load_n(&handler_before, __ATOMIC_ACQUIRE);
    if (before != NULL)
      before(signal, info, context);
    return;
  }
  uint64_t value = (uintptr_t)info->si_value.sival_ptr;
  uint32_t generation = (uint32_t)(value >> 32);
  if (generation != __atomic_load_n(&stop.generation, __ATOMIC_ACQUIRE) ||
      generation == __atomic_load_n(&stop.resumed, __ATOMIC_ACQUIRE))
    return; /* too late: the others have gone on */
  struct stopped_thread *self = sequence_at(&stop.threads, (uint32_t)value);
  if (self->thread != process_thread_id())
    return;
  struct waiting_call call = self->call; /* once this thread may go on, the record is the next stop's */
  self->context = context;
  self->stack_pointer = context_stack_pointer(context);
  self->thread_pointer = (uintptr_t)__builtin_thread_pointer();
  uint32_t sent = THREAD_SENT;
  if (!__atomic_compare_exchange_n(&self->state, &sent, THREAD_STOPPED, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
    return;
  __atomic_fetch_add(&stop.stopped, 1, __ATOMIC_RELEASE);
  kernel_wake(&stop.stopped);
  /* That stop, or a later one: this thread may not have had a processor in between, and the next stop not have waited for
   * it any longer. */
  uint32_t resumed;
  while ((int32_t)((resumed = __atomic_load_n(&stop.resumed, __ATOMIC_ACQUIRE)) - generation) < 0)
    kernel_wait(&stop.resumed, resumed, 0);
  wait_while_kept(process_thread_id());
  call_restart(context, &call);
}

/* What glibc uses to have all threads change their user id. It installs its handler with the first thread. */
#define SIGNAL_OF_GLIBC 33

/* A signal of libc's, or that the program has no handler for; the one from before if it is still ours. */
static bool choose_signal(void) {
  if (stop.signal != 0 && process_signal_has(stop.signal, take_stop))
    return true;
#if defined(__GLIBC__)
  process_handler before = process_signal_handler(SIGNAL_OF_GLIBC);
  __atomic_store_n(&handler_before, before, __ATOMIC_RELEASE);
  stop.signal = SIGNAL_OF_GLIBC;
  if (process_handle_signal(SIGNAL_OF_GLIBC, take_stop) == 0)
    return true;
#endif
  stop.signal = 0;
  for (int signal = SIGRTMAX - 2; signal > SIGRTMIN; signal--)
    if (process_signal_has(signal, NULL) && process_handle_signal(signal, take_stop) == 0) {
      stop.signal = signal;
      return true;
    }
  return false;
}

/* ---- what /proc says of a thread ---- */

static long read_thread_file(int thread, const char *name, char *to, size_t bytes) {
  struct text path;
  text_clear(&path);
  text_add(&path, "/proc/self/task/");
  text_add_decimal(&path, (uint64_t)thread);
  text_add(&path, name);
  text_add_bytes(&path, "", 1);
  long length = kernel_read_file(path.bytes, to, bytes - 1);
  to[length > 0 ? length : 0] = '\0';
  return length;
}

static uint64_t parse_number(const char **at, unsigned radix) {
  uint64_t value = 0;
  for (;; (*at)++) {
    char digit = **at;
    unsigned worth = digit >= '0' && digit <= '9'   ? (unsigned)(digit - '0')
                     : digit >= 'a' && digit <= 'f' ? (unsigned)(digit - 'a') + 10
                                                    : 99;
    if (worth >= radix)
      return value;
    value = value * radix + worth;
  }
}

/* The signal may have come while the program was on a small stack. */
static char status[4096];

/* Whether the thread blocks the signal now; true when it can't be found out, or there is no signal. */
static bool thread_blocks(int thread, int signal) {
  if (signal == 0 || read_thread_file(thread, "/status", status, sizeof status) <= 0)
    return true;
  const char *at = strstr(status, "\nSigBlk:\t");
  if (at == NULL)
    return true;
  at += strlen("\nSigBlk:\t");
  return (parse_number(&at, 16) >> (signal - 1) & 1) != 0;
}

/* Threads that the kernel runs for io_uring and its like are in the list, and never leave the kernel. */
#define KERNEL_WORKER_FLAGS (0x10u | 0x4000u)
#define FLAGS_FIELD         9

static bool thread_is_apart(int thread) {
  if (kernel_is_own_thread(thread))
    return true;
  char facts[512];
  if (read_thread_file(thread, "/stat", facts, sizeof facts) <= 0)
    return false;
  const char *at = strrchr(facts, ')'); /* the name may have anything in it */
  for (int field = 2; at != NULL && field < FLAGS_FIELD; field++)
    at = strchr(at + 1, ' ');
  if (at == NULL)
    return false;
  at++;
  return (parse_number(&at, 10) & KERNEL_WORKER_FLAGS) != 0;
}

/* "NUMBER 0xA 0xB 0xC 0xD 0xE 0xF 0xSP 0xPC" in a system call, "-1 0xSP 0xPC" when it waits otherwise, "running". */
static void read_system_call(struct stopped_thread *thread) {
  char line[256];
  uintptr_t numbers[CALL_ARGUMENTS + 2];
  size_t count = 0;
  struct waiting_call *call = &thread->call;
  call->known = false;
  if (read_thread_file(thread->thread, "/syscall", line, sizeof line) <= 0)
    return;
  for (const char *at = strstr(line, " 0x"); at != NULL && count < ARRAY_LENGTH(numbers); at = strstr(at, " 0x")) {
    at += 3;
    numbers[count++] = parse_number(&at, 16);
  }
  if (count < 2)
    return;
  call->stack_pointer = numbers[count - 2];
  call->instruction = numbers[count - 1];
  if (count < ARRAY_LENGTH(numbers))
    return;
  const char *at = line;
  call->number = (long)parse_number(&at, 10);
  memcpy(call->arguments, numbers, sizeof call->arguments);
  call->known = true;
}

/* ---- in the thread that stops the others ---- */

#define NO_RECORD SIZE_MAX

/* The number of a thread's record, a new one if need be. The list comes in the same order each time, mostly. */
static size_t number_of(int thread) {
  size_t count = stop.threads.count;
  for (size_t i = 0; stop.pass > 1 && i < count; i++) {
    size_t number = stop.cursor + i < count ? stop.cursor + i : stop.cursor + i - count;
    const struct stopped_thread *record = sequence_at(&stop.threads, number);
    if (record->thread == thread) {
      stop.cursor = number + 1 < count ? number + 1 : 0;
      return number;
    }
  }
  struct stopped_thread *record = sequence_push(&stop.threads);
  if (record == NULL)
    return NO_RECORD;
  memset(record, 0, sizeof *record);
  record->thread = thread;
  stop.fresh++;
  return count;
}

static bool see_thread(void *context, unsigned long listed) {
  int thread = (int)listed;
  if (thread == *(int *)context)
    return true;
  size_t number = number_of(thread);
  if (number == NO_RECORD) {
    stop.missed++;
    return true;
  }
  struct stopped_thread *record = sequence_at(&stop.threads, number);
  record->seen = stop.pass;
  uint32_t state = __atomic_load_n(&record->state, __ATOMIC_ACQUIRE);
  if (state == THREAD_GONE) /* the list had left it out: that happens when another thread ends while it is read */
    __atomic_store_n(&record->state, state = THREAD_RUNNING, __ATOMIC_RELAXED);
  if (state != THREAD_RUNNING)
    return true;
  const struct kept_thread *kept = kept_thread_find(thread);
  if (kept != NULL) { /* it blocks all signals, and has stopped long ago */
    record->context = kept->context;
    record->stack_pointer = kept->stack_pointer;
    record->thread_pointer = kept->thread_pointer;
    __atomic_store_n(&record->state, THREAD_STOPPED, __ATOMIC_RELEASE);
    return true;
  }
  if (thread_blocks(thread, stop.signal)) {
    if (thread_is_apart(thread))
      __atomic_store_n(&record->state, THREAD_APART, __ATOMIC_RELAXED);
    return true;
  }
  read_system_call(record);
  if (call_replaces_program(&record->call))
    return true; /* the program that comes after it would get the signal */
  __atomic_store_n(&record->state, THREAD_SENT, __ATOMIC_RELEASE);
  uint64_t value = (uint64_t)stop.generation << 32 | (uint32_t)number;
  if (process_signal_thread(thread, stop.signal, value) != 0) /* ended, or too many signals are queued: try again */
    __atomic_store_n(&record->state, THREAD_RUNNING, __ATOMIC_RELEASE);
  return true;
}

/* After a pass over all: who is not there any more, and who has yet to stop. */
static void count_waiting(void) {
  stop.waiting = 0;
  for (size_t i = 0; i < stop.threads.count; i++) {
    struct stopped_thread *record = sequence_at(&stop.threads, i);
    uint32_t state = __atomic_load_n(&record->state, __ATOMIC_ACQUIRE);
    if (state != THREAD_RUNNING && state != THREAD_SENT)
      continue;
    if (record->seen != stop.pass) /* one that ended can't have a signal delivered any more */
      __atomic_store_n(&record->state, THREAD_GONE, __ATOMIC_RELAXED);
    else
      stop.waiting++;
  }
}

size_t threads_stop(void) {
  process_block_signals(&stop.signals_before);
  sequence_clear(&stop.threads);
  stop.active = true;
  stop.copy = false;
  stop.missed = 0;
  stop.stopped = 0;
  stop.pass = 0;
  __atomic_store_n(&stop.generation, stop.generation + 1, __ATOMIC_RELEASE);
  bool can_signal = choose_signal();
  int self = stop.self = process_thread_id();
  uint64_t began = kernel_now();
  /* Two passes in a row without anything new: in the second one nobody ended, so its list was whole. */
  for (unsigned calm = 0; calm < 2;) {
    uint32_t stopped = __atomic_load_n(&stop.stopped, __ATOMIC_ACQUIRE);
    stop.pass++;
    stop.fresh = stop.cursor = stop.missed = 0;
    if (process_each_number("/proc/self/task", see_thread, &self) != 0)
      stop.missed++; /* without the list nobody knows who runs */
    count_waiting();
    calm = stop.waiting == 0 && stop.fresh == 0 ? calm + 1 : 0;
    if (kernel_now() - began >= PATIENCE_NANOSECONDS || !can_signal)
      break;
    if (calm == 0 && stop.waiting != 0)
      kernel_wait(&stop.stopped, stopped, LOOK_NANOSECONDS);
  }
  stop.missed += stop.waiting;
  for (size_t i = 0; i < stop.threads.count; i++) {
    struct stopped_thread *record = sequence_at(&stop.threads, i);
    uint32_t state = __atomic_load_n(&record->state, __ATOMIC_ACQUIRE);
    if (state != THREAD_RUNNING && state != THREAD_SENT)
      continue;
    read_system_call(record);
    record->stack_pointer = record->call.stack_pointer;
  }
  return stop.missed;
}

bool threads_keep(uintptr_t thread_pointer) {
  if (threads_keeps(thread_pointer))
    return true;
  const struct stopped_thread *wanted = NULL;
  for (size_t i = 0; i < stop.threads.count && wanted == NULL; i++) {
    const struct stopped_thread *record = sequence_at(&stop.threads, i);
    if (record->state == THREAD_STOPPED && record->thread_pointer == thread_pointer)
      wanted = record;
  }
  for (size_t i = 0; i < KEPT_MOST; i++) {
    struct kept_thread *kept = &kept_threads[i];
    if (kept->thread != 0 && kept->process == process_id())
      continue;
    *kept = (struct kept_thread){.process = process_id(), .thread_pointer = thread_pointer};
    if (wanted != NULL) {
      kept->context = wanted->context;
      kept->stack_pointer = wanted->stack_pointer;
    }
    __atomic_store_n(&kept->thread, wanted != NULL ? (uint32_t)wanted->thread : NO_THREAD, __ATOMIC_RELEASE);
    return true;
  }
  return false;
}

void threads_let_go(uintptr_t thread_pointer) {
  struct kept_thread *kept = kept_thread_of(thread_pointer);
  if (kept == NULL)
    return;
  __atomic_store_n(&kept->thread, 0, __ATOMIC_RELEASE);
  kernel_wake_all(&kept->thread);
}

bool threads_keeps(uintptr_t thread_pointer) {
  return kept_thread_of(thread_pointer) != NULL;
}

void threads_resume(void) {
  __atomic_store_n(&stop.resumed, stop.generation, __ATOMIC_RELEASE);
  kernel_wake_all(&stop.resumed);
  stop.active = false;
  process_restore_signals(&stop.signals_before);
}

void threads_in_copy(void) {
  stop.copy = true;
}

static bool count_one(void *context, unsigned long number) {
  (void)number;
  return ++*(size_t *)context < 2;
}

bool threads_frozen(void) {
  if (stop.copy)
    return true;
  if (stop.active)
    return stop.missed == 0;
  size_t count = 0;
  return process_each_number("/proc/self/task", count_one, &count) == 0 && count == 1;
}

size_t threads_count(void) {
  return stop.active ? stop.threads.count : 0;
}

const struct stopped_thread *thread_number(size_t index) {
  return sequence_at(&stop.threads, index);
}

int threads_self(void) {
  return stop.active ? stop.self : process_thread_id();
}
