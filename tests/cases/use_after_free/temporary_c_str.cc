/* case: kind=heap-use-after-free access=read call=strlen
 * c_str() of a temporary is dead at the end of the line. */
#include "case.h"
#include <string>

static NOINLINE std::string greeting(const char *name) {
  return std::string("good morning and welcome, ") + name;
}

int main() {
  std::string kept = greeting("Ada");
  const char *text = BAD ? greeting("Ada").c_str() : kept.c_str();
  size_t length = strlen(static_cast<char *>(opaque(text))); // BUG
  printf("%d\n", length < 1000);
}
