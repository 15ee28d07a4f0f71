/* case: kind=leak count=1
 * asprintf's text is the caller's to free. */
#include "case.h"

static NOINLINE int tell(int number) {
  char *text;
  int length = asprintf(&text, "the number is %d and there is more to say", number); // ALLOC
  if (!BAD) {
    free(text);
  }
  text = NULL;
  __asm__ volatile("" : : "r"(&text) : "memory");
  return length;
}

int main(void) {
  printf("%d\n", tell(7));
  clear_stack();
  return 0;
}
