#include "tool/report/demangle.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tool/report/memory.h"

typedef char *demangler(const char *name, char *buffer, size_t *length, int *status);

static demangler *find_demangler(void) {
  static bool looked;
  static demangler *found;
  if (!looked) {
    looked = true;
    void *library = dlopen("libstdc++.so.6", RTLD_LAZY | RTLD_LOCAL);
    void *symbol = library != NULL ? dlsym(library, "__cxa_demangle") : NULL;
    memcpy(&found, &symbol, sizeof found);
  }
  return found;
}

/* Rust ends its names in the hash of what they were made from: "::h" and 16 digits. */
static void drop_hash(char *name) {
  enum { HASH_BYTES = 16 };
  static const char mark[] = "::h";
  size_t length = strlen(name), tail = strlen(mark) + HASH_BYTES;
  if (length > tail && strncmp(name + length - tail, mark, strlen(mark)) == 0 &&
      strspn(name + length - HASH_BYTES, "0123456789abcdef") == HASH_BYTES)
    name[length - tail] = '\0';
}

char *demangle(const char *name) {
  if (strncmp(name, "_Z", 2) == 0 && find_demangler() != NULL) {
    int status = -1;
    char *text = find_demangler()(name, NULL, NULL, &status);
    if (text != NULL && status == 0) {
      drop_hash(text);
      return text;
    }
    free(text);
  }
  return memory_copy(name);
}
