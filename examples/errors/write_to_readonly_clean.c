/* The clean twin of write_to_readonly.c: an array is a copy of the literal, and can be written. */
#include <ctype.h>
#include <stdio.h>

static void capitalize(char *word) {
  word[0] = (char)toupper((unsigned char)word[0]);
}

int main(void) {
  char word[] = "hello";
  capitalize(word);
  puts(word);
  return 0;
}
