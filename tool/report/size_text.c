#include "tool/report/size_text.h"

#include <stdio.h>

char *size_text(uint64_t bytes, char *text) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  enum { STEP = 1024, SHOW_FRACTION_BELOW = 10, LAST = 5 };
  double value = (double)bytes;
  unsigned unit = 0;
  for (; value >= STEP && unit < LAST; unit++)
    value /= STEP;
  snprintf(text, SIZE_TEXT_BYTES, unit > 0 && value < SHOW_FRACTION_BELOW ? "%.1f %s" : "%.0f %s", value,
           units[unit]);
  return text;
}
