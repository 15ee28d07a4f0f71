/* write-to-readonly: a string literal lies in memory that can't be written. */
#include <ctype.h>
#include <stdio.h>

static void capitalize(char *word) {
  word[0] = (char)toupper((unsigned char)word[0]);
}

int main(void) {
  char *word = "hello";
  capitalize(word);
  puts(word);
  return 0;
}
