/* victim_module.c: what the victim loads and unloads again. */
#include <stdlib.h>

void module_work(int wrong);

void module_work(int wrong) {
  volatile char *object = malloc(56);
  object[0] = 1;
  if (wrong)
    object[56] = 1;
  free((void *)object);
}
