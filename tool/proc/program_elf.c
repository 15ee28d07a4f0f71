/* program_elf.c: would the loader of this ELF file take a preloaded library, and would its malloc be the one called? */
#include "tool/proc/program.h"

#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "record/accounts.h"
#include "tool/proc/elf.h"
#include "tool/proc/libraries.h"

__attribute__((format(printf, 2, 3))) static enum program_verdict refuse(char *reason, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(reason, PROGRAM_REASON_BYTES, format, arguments);
  va_end(arguments);
  return PROGRAM_REFUSED;
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

static bool starts_with(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The kernel sets AT_SECURE, and the loader then drops LD_PRELOAD, when the program gains another user, group or
 * capability (security/commoncap.c: cap_bprm_creds_from_file). Not when the bits change nothing, or are ignored. */
static const char *privilege_gained(const char *path) {
  struct statvfs mount;
  struct stat status;
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ||
      (statvfs(path, &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0) || stat(path, &status) != 0)
    return NULL;
  if ((status.st_mode & S_ISUID) != 0 && status.st_uid != getuid())
    return "set-uid";
  bool group_executes = (status.st_mode & S_IXGRP) != 0; /* without it the bit means mandatory locking */
  if ((status.st_mode & S_ISGID) != 0 && group_executes && status.st_gid != getgid())
    return "set-gid";
  if (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
    return "given capabilities by its file";
  return NULL;
}

static bool is_loader_of_glibc(const char *name) {
  return starts_with(name, "ld-linux") || starts_with(name, "ld64.so") || starts_with(name, "ld.so");
}

/* A library works with the C library it was linked with. musl's is called libc.so or, on Alpine, libc.musl-ARCH.so.1. */
static bool is_for_musl(const struct elf_file *library) {
  const char *needed;
  for (size_t i = 0; library != NULL && (needed = elf_file_dynamic_string(library, DT_NEEDED, i)) != NULL; i++)
    if (strcmp(needed, "libc.so") == 0 || starts_with(needed, "libc.musl-"))
      return true;
  return false;
}

static enum program_verdict examine_loader(const struct elf_file *file, const struct elf_file *library,
                                           const char *path, char *reason) {
  const char *loader = elf_file_interpreter(file);
  if (loader == NULL) {
    const char *own_name = elf_file_dynamic_string(file, DT_SONAME, 0);
    if (own_name != NULL && is_loader_of_glibc(own_name)) /* ld.so ./program: it takes LD_PRELOAD */
      return PROGRAM_FITS;
    return refuse(reason,
                  "%s is statically linked: no library can be preloaded into it. Link it dynamically, or link "
                  "libfreehold.a into it",
                  path);
  }
  struct stat status;
  if (stat(loader, &status) != 0) {
    refuse(reason, "%s asks for the loader %s, which is not there (%s). Install the C library it was built for", path,
           loader, strerror(errno));
    return PROGRAM_NOT_EXECUTABLE;
  }
  const char *library_kind = is_for_musl(library) ? "musl" : "glibc";
  const char *program_kind = is_loader_of_glibc(base_name(loader))       ? "glibc"
                             : starts_with(base_name(loader), "ld-musl") ? "musl"
                                                                         : "unknown";
  if (strcmp(program_kind, library_kind) == 0)
    return PROGRAM_FITS;
  return refuse(reason,
                "%s uses the loader %s (C library: %s) and this library was built for %s. Build the program for "
                "%s, or name a library built for it in FREEHOLD_LIBRARY",
                path, loader, program_kind, library_kind, library_kind);
}

static enum program_verdict examine_malloc(const struct elf_file *file, const char *path, char *reason) {
  uint64_t value;
  if (!elf_file_has_sections(file))
    return refuse(reason, "%s has no section headers, so whether it brings a malloc of its own can't be told", path);
  if (elf_file_symbol(file, "malloc", ELF_ALL_SYMBOLS, &value))
    return refuse(reason,
                  "%s has a malloc of its own inside, which goes before any preloaded one. Build it without "
                  "(sanitizer, jemalloc, tcmalloc ...)",
                  path);
  char definer[NAME_MAX + 1];
  if (libraries_find_definer(file, path, "malloc", definer, sizeof definer))
    return refuse(reason,
                  "%s needs %s, which brings a malloc of its own; two heaps would share the program's "
                  "objects. Build it without %s",
                  path, definer, definer);

  static const struct {
    const char *symbol, *heap;
  } private_heaps[] = {
      {"_rjem_malloc", "jemalloc"}, {"je_malloc", "jemalloc"}, {"mi_malloc", "mimalloc"}, {"tc_malloc", "tcmalloc"}};
  for (size_t i = 0; i < sizeof private_heaps / sizeof private_heaps[0]; i++)
    if (elf_file_symbol(file, private_heaps[i].symbol, ELF_DYNAMIC_SYMBOLS, &value)) {
      snprintf(reason, PROGRAM_REASON_BYTES,
               "%s carries %s under the name %s; what it allocates there does not come from Freehold", path,
               private_heaps[i].heap, private_heaps[i].symbol);
      break;
    }
  return PROGRAM_FITS;
}

enum program_verdict program_examine_elf(const char *path, const char *library_path, char *reason) {
  reason[0] = '\0';
  struct elf_file *file = elf_file_open(path);
  if (file == NULL && errno == ENOEXEC) {
    refuse(reason, "%s is a damaged ELF file. Build or install it anew", path);
    return PROGRAM_NOT_EXECUTABLE;
  }
  if (file == NULL)
    return refuse(reason, "%s can't be examined: %s. Make it readable for this user", path, strerror(errno));
  uint64_t value;
  if (elf_file_symbol(file, FH_ACCOUNTS_SYMBOL, ELF_ALL_SYMBOLS, &value)) {
    elf_file_close(file);
    return PROGRAM_LINKED;
  }
  struct elf_file *library = elf_file_open(library_path);
  enum program_verdict verdict = PROGRAM_FITS;
  const char *privilege;
  if (library != NULL && !elf_kind_runs_with(elf_file_kind(file), elf_file_kind(library))) {
    char program_kind[64], library_kind[64];
    elf_kind_text(elf_file_kind(file), program_kind, sizeof program_kind);
    elf_kind_text(elf_file_kind(library), library_kind, sizeof library_kind);
    verdict = refuse(reason,
                     "%s is a %s program and %s is %s. Use a library built for the program's architecture "
                     "(FREEHOLD_LIBRARY=FILE)",
                     path, program_kind, library_path, library_kind);
  } else if ((verdict = examine_loader(file, library, path, reason)) == PROGRAM_FITS) {
    if ((privilege = privilege_gained(path)) != NULL)
      verdict = refuse(reason,
                       "%s is %s: the loader ignores preloaded libraries in such programs. Run it as the user "
                       "it changes to, or run a copy without the privilege",
                       path, privilege);
    else
      verdict = examine_malloc(file, path, reason);
  }
  elf_file_close(library);
  elf_file_close(file);
  return verdict;
}
