/*
 * Calls that wait, in threads that are stopped for a collection hundreds of times meanwhile: none may end with EINTR, or
 * before its time. A signal of the program's own ends them as ever. Run with the collector preloaded.
 */
#include "../api/expect.h"

#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>

#define WAIT_MILLISECONDS 700

static int waiting_pipe[2], epoll;
static sem_t semaphore;
static volatile bool ended;

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static struct timespec wait_time(void) {
  return (struct timespec){WAIT_MILLISECONDS / 1000, WAIT_MILLISECONDS % 1000 * 1000000};
}

static struct timespec wait_until(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  time.tv_nsec += WAIT_MILLISECONDS * 1000000;
  time.tv_sec += time.tv_nsec / 1000000000;
  time.tv_nsec %= 1000000000;
  return time;
}

/* Each waits, and gives 0 when the call ended as it should. */
static int call_nanosleep(void) {
  struct timespec time = wait_time();
  return nanosleep(&time, NULL);
}
static int call_nanosleep_with_rest(void) {
  struct timespec time = wait_time();
  return nanosleep(&time, &time);
}
static int call_usleep(void) {
  return usleep(WAIT_MILLISECONDS * 1000);
}
static int call_poll(void) {
  struct pollfd file = {waiting_pipe[0], POLLIN, 0};
  return poll(&file, 1, WAIT_MILLISECONDS);
}
static int call_ppoll(void) {
  struct pollfd file = {waiting_pipe[0], POLLIN, 0};
  struct timespec time = wait_time();
  return ppoll(&file, 1, &time, NULL);
}
static int call_select(void) {
  struct timeval time = {0, WAIT_MILLISECONDS * 1000};
  return select(0, NULL, NULL, NULL, &time);
}
static int call_epoll_wait(void) {
  struct epoll_event event;
  return epoll_wait(epoll, &event, 1, WAIT_MILLISECONDS);
}
static int call_sem_timedwait(void) {
  struct timespec time = wait_until();
  return sem_timedwait(&semaphore, &time) == -1 && errno == ETIMEDOUT ? 0 : -1;
}
static int call_cond_timedwait(void) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  struct timespec time = wait_until();
  pthread_mutex_lock(&mutex);
  int result = pthread_cond_timedwait(&condition, &mutex, &time);
  pthread_mutex_unlock(&mutex);
  return result == ETIMEDOUT ? 0 : -1;
}
static int call_sigtimedwait(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR2);
  struct timespec time = wait_time();
  return sigtimedwait(&signals, NULL, &time) == -1 && errno == EAGAIN ? 0 : -1;
}

static int (*const calls[])(void) = {
    call_nanosleep, call_nanosleep_with_rest, call_usleep,        call_poll,           call_ppoll,
    call_select,    call_epoll_wait,          call_sem_timedwait, call_cond_timedwait, call_sigtimedwait,
};
#define CALL_COUNT (sizeof calls / sizeof calls[0])

static void *wait_in_call(void *argument) {
  size_t number = (size_t)(uintptr_t)argument;
  uint64_t began = now();
  errno = 0;
  int result = calls[number]();
  int error = errno;
  uint64_t lasted = now() - began;
  EXPECT_EQUAL(error == EINTR ? number + 1000 : number, number);
  EXPECT_EQUAL(result, 0);
  EXPECT_EQUAL(lasted + 2 >= WAIT_MILLISECONDS ? number : number + 2000, number);
  return NULL;
}

static void *read_a_byte(void *argument) {
  char byte;
  EXPECT_EQUAL(read(waiting_pipe[0], &byte, 1), 1);
  return argument;
}

/* A thread whose signals are all blocked is stopped like any other: what only it knows stays. */
static void *work_with_signals_blocked(void *argument) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
  uint64_t began = now();
  for (unsigned round = 0; now() - began < WAIT_MILLISECONDS; round++) {
    char *object = malloc(300);
    pattern_fill(object, 300, round);
    for (volatile unsigned i = 0; i < 3000; i++)
      ;
    EXPECT(pattern_holds(object, 300, round));
  }
  return argument;
}

static void *allocate(void *argument) {
  for (unsigned round = 0; !ended; round++) {
    char *object = malloc(16 + round % 2000);
    object[0] = 1;
  }
  return argument;
}

static void take_signal(int signal) {
  (void)signal;
}

static void *sleep_until_signal(void *argument) {
  struct timespec time = {20, 0};
  EXPECT(nanosleep(&time, NULL) == -1 && errno == EINTR);
  return argument;
}

int main(void) {
  EXPECT(pipe(waiting_pipe) == 0);
  epoll = epoll_create1(0);
  EXPECT(epoll >= 0 && sem_init(&semaphore, 0, 0) == 0);
  struct sigaction action = {.sa_handler = take_signal};
  EXPECT(sigaction(SIGUSR1, &action, NULL) == 0);
  pthread_t allocating, reading, sleeping, blocking, waiting[CALL_COUNT];
  EXPECT(pthread_create(&reading, NULL, read_a_byte, NULL) == 0);
  EXPECT(pthread_create(&sleeping, NULL, sleep_until_signal, NULL) == 0);
  EXPECT(pthread_create(&blocking, NULL, work_with_signals_blocked, NULL) == 0);
  for (size_t i = 0; i < CALL_COUNT; i++)
    EXPECT(pthread_create(&waiting[i], NULL, wait_in_call, (void *)(uintptr_t)i) == 0);
  EXPECT(pthread_create(&allocating, NULL, allocate, NULL) == 0);
  for (size_t i = 0; i < CALL_COUNT; i++)
    EXPECT(pthread_join(waiting[i], NULL) == 0);
  EXPECT(pthread_join(blocking, NULL) == 0);
  EXPECT(write(waiting_pipe[1], "x", 1) == 1);
  EXPECT(pthread_join(reading, NULL) == 0);
  EXPECT(pthread_kill(sleeping, SIGUSR1) == 0);
  EXPECT(pthread_join(sleeping, NULL) == 0);
  ended = true;
  EXPECT(pthread_join(allocating, NULL) == 0);
  return 0;
}
