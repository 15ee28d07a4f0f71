/* clock.h: time as the supervisor counts it, in nanoseconds of CLOCK_MONOTONIC. */
#ifndef FREEHOLD_SUPERVISE_CLOCK_H
#define FREEHOLD_SUPERVISE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define MILLISECOND 1000000ull
#define SECOND      1000000000ull

static inline uint64_t nanoseconds_of(struct timespec time) {
  return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static inline uint64_t clock_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return nanoseconds_of(time);
}

static inline double seconds_of(uint64_t nanoseconds) {
  return (double)nanoseconds / 1e9;
}

#endif
