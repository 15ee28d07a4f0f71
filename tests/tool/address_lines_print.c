/* Reads lines of /proc/PID/maps and prints each region's kind, as a number, and name. */
#include <stdio.h>

#include "tool/proc/address_lines.h"

int main(void) {
  static char text[1 << 16];
  size_t bytes = fread(text, 1, sizeof text - 1, stdin);
  struct address_regions regions;
  if (!address_lines_parse(text, bytes, &regions))
    return 1;
  for (size_t i = 0; i < regions.count; i++)
    printf("%d %s\n", (int)regions.all[i].kind, regions.all[i].name);
  address_regions_free(&regions);
  return 0;
}
