/* case: kind=write-to-readonly access=write call=strtok
 * strtok writes into its text; this one is a literal. */
#include "case.h"

int main(void) {
  char copy[] = "one,two";
  char *text = opaque(BAD ? (const char *)"one,two" : copy);
  char *word = strtok(text, ","); // BUG
  puts(word);
  return 0;
}
