/*
 * worker ROUNDS: the same work every time, whatever processor it gets.
 */
#include <stdlib.h>

int main(int count, char **arguments) {
  volatile unsigned long spun = 0;
  for (unsigned long rounds = strtoul(arguments[count - 1], NULL, 10); rounds > 0; rounds--)
    for (int i = 0; i < 1000000; i++)
      spun++;
  return 0;
}
