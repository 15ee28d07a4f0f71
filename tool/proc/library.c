#include "tool/proc/library.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/proc/elf.h"

static const char library_name[] = "libfreehold.so";

/* 0, or -1 with the reason: what the loader would refuse, and pass over with a line nobody reads, is refused here. */
static int check(const char *path, char *resolved, char *reason) {
  if (realpath(path, resolved) == NULL) {
    snprintf(reason, LIBRARY_REASON_BYTES, "%s: %s", path, strerror(errno));
    return -1;
  }
  struct elf_file *file = elf_file_open(resolved);
  if (file == NULL) {
    snprintf(reason, LIBRARY_REASON_BYTES, "%s: %s", resolved,
             errno == ENOEXEC ? "not a shared library" : strerror(errno));
    return -1;
  }
  bool shared = elf_file_kind(file).type == ET_DYN && elf_file_interpreter(file) == NULL;
  elf_file_close(file);
  if (!shared) {
    snprintf(reason, LIBRARY_REASON_BYTES, "%s: not a shared library", resolved);
    return -1;
  }
  if (strpbrk(resolved, " :") != NULL) {
    snprintf(reason, LIBRARY_REASON_BYTES,
             "%s: LD_PRELOAD can't hold a path with a space or colon; copy the library somewhere else and name it in "
             "FREEHOLD_LIBRARY",
             resolved);
    return -1;
  }
  return 0;
}

int library_find(char *path, char *reason) {
  const char *named = getenv("FREEHOLD_LIBRARY");
  char why[LIBRARY_REASON_BYTES];
  if (named != NULL && named[0] != '\0') {
    if (check(named, path, why) == 0)
      return 0;
    snprintf(reason, LIBRARY_REASON_BYTES, "FREEHOLD_LIBRARY=%.2000s. Correct the variable or unset it", why);
    return -1;
  }

  char own[PATH_MAX] = "";
  ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
  own[length > 0 ? length : 0] = '\0';
  char *slash = strrchr(own, '/');
  if (slash != NULL)
    *slash = '\0';

  char candidates[3][PATH_MAX + 64];
  size_t count = 0;
  snprintf(candidates[count++], sizeof candidates[0], "%s/../lib/%s", own, library_name);
  snprintf(candidates[count++], sizeof candidates[0], "%s/lib/%s", own, library_name);
#ifdef FH_LIBDIR
  snprintf(candidates[count++], sizeof candidates[0], "%s/%s", FH_LIBDIR, library_name);
#endif
  char tried[sizeof candidates] = "";
  size_t used = 0;
  for (size_t i = 0; i < count; i++) {
    if (check(candidates[i], path, why) == 0)
      return 0;
    int written = snprintf(tried + used, sizeof tried - used, "%s%s", i > 0 ? ", " : "", candidates[i]);
    used += written > 0 && (size_t)written < sizeof tried - used ? (size_t)written : 0;
    /* A library that is there but unfit is the likelier reason than the places without one. */
    if (access(candidates[i], F_OK) == 0) {
      snprintf(reason, LIBRARY_REASON_BYTES, "%.4000s. Reinstall it, or name another in FREEHOLD_LIBRARY", why);
      return -1;
    }
  }
  snprintf(reason, LIBRARY_REASON_BYTES,
           "%s was not found (tried %.6000s). Install it, or name it in FREEHOLD_LIBRARY=FILE", library_name, tried);
  return -1;
}
