/*
 * scatter MIB PASSES: fills so many MiB with what can't be compressed, and then reads and writes a word of each page so many
 * times over, in an order that no reading ahead can guess. Prints a sum of what it read.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE_WORDS 512u

static uint64_t next(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  return *state ^= *state << 17;
}

int main(int count, char **arguments) {
  if (count < 3)
    return 2;
  uint64_t state = 0x9e3779b97f4a7c15u, sum = 0;
  size_t pages = strtoul(arguments[1], NULL, 10) * 256;
  unsigned passes = (unsigned)strtoul(arguments[2], NULL, 10);
  uint64_t *words = malloc(pages * PAGE_WORDS * sizeof *words);
  if (words == NULL)
    return 9;
  for (size_t i = 0; i < pages * PAGE_WORDS; i++)
    words[i] = next(&state);
  for (unsigned pass = 0; pass < passes; pass++)
    for (size_t i = 0; i < pages; i++) {
      uint64_t place = next(&state);
      sum += words[place % pages * PAGE_WORDS + place % 61]++;
    }
  printf("%016llx\n", (unsigned long long)sum);
  return 0;
}
