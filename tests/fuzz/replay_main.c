/*
 * Runs the fuzz target without libFuzzer: on files that a fuzzer found, or on random bytes.
 *
 *   NAME FILE...                 each file once
 *   NAME -seconds=S [-seed=N]    random inputs for S seconds
 */
#include "../api/expect.h"

#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

static uint8_t input[1 << 16];

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  double seconds = 0;
  uint64_t seed = 1;
  for (int i = 1; i < argc; i++) {
    if (strncmp(argv[i], "-seconds=", 9) == 0) {
      seconds = strtod(argv[i] + 9, NULL);
    } else if (strncmp(argv[i], "-seed=", 6) == 0) {
      seed = strtoull(argv[i] + 6, NULL, 0);
    } else {
      int fd = open(argv[i], O_RDONLY);
      EXPECT(fd >= 0);
      ssize_t got = read(fd, input, sizeof input);
      EXPECT(got >= 0);
      close(fd);
      LLVMFuzzerTestOneInput(input, (size_t)got);
      printf("%s: %zd bytes, all well\n", argv[i], got);
    }
  }
  unsigned long runs = 0;
  double end = seconds_now() + seconds;
  while (seconds > 0 && seconds_now() < end) {
    /* Each input has a seed of its own, printed when it fails, so that it can be run alone. */
    uint64_t random = seed + runs;
    size_t length = random_next(&random) % 4000;
    for (size_t i = 0; i < length; i++)
      input[i] = (uint8_t)(random_next(&random) >> 56);
    LLVMFuzzerTestOneInput(input, length);
    runs++;
  }
  if (seconds > 0)
    printf("%lu random inputs from seed %llu, all well\n", runs, (unsigned long long)seed);
  return 0;
}
