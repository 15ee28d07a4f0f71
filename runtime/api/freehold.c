/* freehold.c: the library's version. See include/freehold.h. */
#include "freehold.h"

const char *fh_version(void) {
  return FH_VERSION_STRING;
}
