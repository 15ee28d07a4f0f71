/* A heap of secrets: locked away but for the moment of their use, out of every core dump, overwritten when freed. */
#include <freehold.h>
#include <stdio.h>
#include <string.h>

/* What is to be kept: here the sum of a text's bytes with a key, in a real program a cipher's round keys. */
static unsigned sign(fh_heap *keys, const unsigned char *key, const char *text) {
  unsigned sum = 0;
  if (fh_heap_protect(keys, FH_HEAP_READ_ONLY) != 0)
    return 0;
  for (size_t i = 0; text[i] != '\0'; i++)
    sum = 31 * sum + ((unsigned char)text[i] ^ key[i % 32]);
  fh_heap_protect(keys, FH_HEAP_NO_ACCESS);
  return sum;
}

int main(void) {
  /* MAY_SWAP: where RLIMIT_MEMLOCK is too small the program works all the same, and says so. */
  struct fh_heap_options options = {.struct_bytes = sizeof options,
                                    .limit_bytes = 64 << 10,
                                    .name = "keys",
                                    .flags = FH_HEAP_SECRET | FH_HEAP_MAY_SWAP};
  fh_heap *keys = fh_heap_create(&options);
  if (keys == NULL) {
    perror("fh_heap_create");
    return 1;
  }
  static const char *const kept[] = {
      [FH_SECRECY_HIDDEN] = "nobody but this process can read them",
      [FH_SECRECY_LOCKED] = "locked in memory",
      [FH_SECRECY_UNLOCKED] = "not locked: they may be written to swap",
  };
  unsigned char *key = fh_heap_malloc(keys, 32);
  if (key == NULL)
    return 1;
  for (size_t i = 0; i < 32; i++)
    key[i] = (unsigned char)(i * 37);
  fh_heap_protect(keys, FH_HEAP_NO_ACCESS);
  printf("signed: %08x\nsecrets: %s\n", sign(keys, key, "a message"), kept[fh_heap_secrecy(keys)]);
  fh_heap_destroy(keys);
  return 0;
}
