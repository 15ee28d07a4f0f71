/*
 * spinner ... SECONDS: keeps a processor busy until it has used so much of its time.
 */
#include <stdlib.h>
#include <time.h>

int main(int count, char **arguments) {
  double seconds = atof(arguments[count - 1]);
  struct timespec time;
  volatile unsigned long spun = 0;
  do {
    for (int i = 0; i < 100000; i++)
      spun++;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  } while ((double)time.tv_sec + (double)time.tv_nsec / 1e9 < seconds);
  return 0;
}
