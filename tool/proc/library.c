#include "tool/proc/library.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/proc/elf.h"

static const struct {
  const char *file, *variable;
} libraries[] = {
    [LIBRARY_HEAP] = {"libfreehold.so", "FREEHOLD_LIBRARY"},
    [LIBRARY_COLLECT] = {"libfreehold-gc.so", "FREEHOLD_COLLECT_LIBRARY"},
    [LIBRARY_CHECK] = {"libfreehold-check.so", "FREEHOLD_CHECK_LIBRARY"},
};

/* 0, or -1 with the reason: what the loader would refuse, and pass over with a line nobody reads, is refused here. */
static int check(const char *path, const char *variable, char *resolved, char *reason) {
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
             "%s",
             resolved, variable);
    return -1;
  }
  return 0;
}

int library_find(enum library which, char *path, char *reason) {
  const char *name = libraries[which].file, *variable = libraries[which].variable;
  const char *named = getenv(variable);
  char why[LIBRARY_REASON_BYTES];
  if (named != NULL && named[0] != '\0') {
    if (check(named, variable, path, why) == 0)
      return 0;
    snprintf(reason, LIBRARY_REASON_BYTES, "%s=%.2000s. Correct the variable or unset it", variable, why);
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
  snprintf(candidates[count++], sizeof candidates[0], "%s/../lib/%s", own, name);
  snprintf(candidates[count++], sizeof candidates[0], "%s/lib/%s", own, name);
#ifdef FH_LIBDIR
  snprintf(candidates[count++], sizeof candidates[0], "%s/%s", FH_LIBDIR, name);
#endif
  char tried[sizeof candidates] = "";
  size_t used = 0;
  for (size_t i = 0; i < count; i++) {
    if (check(candidates[i], variable, path, why) == 0)
      return 0;
    int written = snprintf(tried + used, sizeof tried - used, "%s%s", i > 0 ? ", " : "", candidates[i]);
    used += written > 0 && (size_t)written < sizeof tried - used ? (size_t)written : 0;
    /* A library that is there but unfit is the likelier reason than the places without one. */
    if (access(candidates[i], F_OK) == 0) {
      snprintf(reason, LIBRARY_REASON_BYTES, "%.4000s. Reinstall it, or name another in %s", why, variable);
      return -1;
    }
  }
  snprintf(reason, LIBRARY_REASON_BYTES, "%s was not found (tried %.6000s). Install it, or name it in %s=FILE", name,
           tried, variable);
  return -1;
}
