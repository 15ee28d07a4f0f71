#include "tool/proc/libraries.h"

#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/proc/loader_cache.h"

enum { LIBRARY_LIMIT = 1024 }; /* a program with more is taken as it is */

struct search {
  struct loader_cache cache;
  struct elf_kind kind;
  char *names[LIBRARY_LIMIT]; /* as DT_NEEDED spells them; each is looked at once */
  char *needed_by[LIBRARY_LIMIT];
  size_t count;
};

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? path : slash + 1;
}

static bool is_exempt(const char *name) {
  static const char *const prefixes[] = {"libc.so", "libc.musl-", "ld-linux", "ld-musl", "ld64.so", "libfreehold"};
  for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
    if (strncmp(base_name(name), prefixes[i], strlen(prefixes[i])) == 0)
      return true;
  return false;
}

static struct elf_file *open_matching(const struct search *search, const char *path) {
  struct elf_file *file = elf_file_open(path);
  if (file != NULL && !elf_kind_runs_with(elf_file_kind(file), search->kind)) {
    elf_file_close(file);
    return NULL;
  }
  return file;
}

/* Tries directory/name for each directory of a list separated by colons; $ORIGIN is the directory of `user`. */
static struct elf_file *open_in_list(const struct search *search, const char *list, const char *user,
                                     const char *name, char *path) {
  while (list != NULL && *list != '\0') {
    size_t length = strcspn(list, ":;");
    static const char *const origins[] = {"${ORIGIN}", "$ORIGIN"};
    const char *rest = list;
    char prefix[PATH_MAX] = "";
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
      size_t token = strlen(origins[i]);
      if (length >= token && strncmp(list, origins[i], token) == 0) {
        snprintf(prefix, sizeof prefix, "%.*s", (int)(base_name(user) - user), user);
        rest = list + token;
        break;
      }
    }
    int written = snprintf(path, PATH_MAX, "%s%.*s/%s", prefix, (int)(list + length - rest), rest, name);
    struct elf_file *file = written < PATH_MAX ? open_matching(search, path) : NULL;
    if (file != NULL)
      return file;
    list += length + (list[length] != '\0');
  }
  return NULL;
}

static struct elf_file *open_library(const struct search *search, const struct elf_file *user, const char *user_path,
                                     const char *name, char *path) {
  if (strchr(name, '/') != NULL) {
    snprintf(path, PATH_MAX, "%s", name);
    return open_matching(search, path);
  }
  const char *runpath = elf_file_dynamic_string(user, DT_RUNPATH, 0);
  const char *rpath = runpath == NULL ? elf_file_dynamic_string(user, DT_RPATH, 0) : NULL;
  const char *const lists[] = {rpath, getenv("LD_LIBRARY_PATH"), runpath};
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
    struct elf_file *file = open_in_list(search, lists[i], user_path, name, path);
    if (file != NULL)
      return file;
  }
  const char *cached;
  for (size_t i = 0; (cached = loader_cache_path(&search->cache, name, i)) != NULL; i++) {
    snprintf(path, PATH_MAX, "%s", cached);
    struct elf_file *file = open_matching(search, path);
    if (file != NULL)
      return file;
  }
  return open_in_list(search, "/lib64:/usr/lib64:/lib:/usr/lib", user_path, name, path);
}

static void add_needed(struct search *search, const struct elf_file *user, const char *user_path) {
  const char *name;
  for (size_t i = 0; (name = elf_file_dynamic_string(user, DT_NEEDED, i)) != NULL; i++) {
    bool known = false;
    for (size_t j = 0; j < search->count && !known; j++)
      known = strcmp(search->names[j], name) == 0;
    if (known || search->count == LIBRARY_LIMIT)
      continue;
    search->names[search->count] = strdup(name);
    search->needed_by[search->count] = strdup(user_path);
    if (search->names[search->count] == NULL || search->needed_by[search->count] == NULL)
      return;
    search->count++;
  }
}

bool libraries_find_definer(const struct elf_file *program, const char *path, const char *symbol, char *definer,
                            size_t bytes) {
  struct search *search = calloc(1, sizeof *search);
  if (search == NULL)
    return false;
  search->cache = loader_cache_open();
  search->kind = elf_file_kind(program);
  add_needed(search, program, path);
  bool found = false;
  for (size_t i = 0; i < search->count && !found; i++) {
    if (is_exempt(search->names[i]))
      continue;
    struct elf_file *user = elf_file_open(search->needed_by[i]);
    char library_path[PATH_MAX];
    struct elf_file *library =
        user == NULL ? NULL : open_library(search, user, search->needed_by[i], search->names[i], library_path);
    elf_file_close(user);
    if (library == NULL)
      continue;
    uint64_t value;
    if (elf_file_symbol(library, symbol, ELF_DYNAMIC_SYMBOLS, &value)) {
      snprintf(definer, bytes, "%s", search->names[i]);
      found = true;
    }
    add_needed(search, library, library_path);
    elf_file_close(library);
  }
  for (size_t i = 0; i < search->count; i++) {
    free(search->names[i]);
    free(search->needed_by[i]);
  }
  loader_cache_close(&search->cache);
  free(search);
  return found;
}
