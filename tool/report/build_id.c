#include "tool/report/build_id.h"

#include <elfutils/libdwelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct build_id build_id_of(Elf *elf) {
  struct build_id id = {0};
  const void *bytes;
  ssize_t length = dwelf_elf_gnu_build_id(elf, &bytes);
  if (length > 0 && length <= (ssize_t)sizeof id.id) {
    id.bytes = (size_t)length;
    memcpy(id.id, bytes, id.bytes);
  }
  return id;
}

bool build_ids_differ(const struct build_id *one, const struct build_id *other) {
  return one->bytes > 0 && other->bytes > 0 &&
         (one->bytes != other->bytes || memcmp(one->id, other->id, one->bytes) != 0);
}

static void write_hex(const uint8_t *bytes, size_t count, char *to) {
  for (size_t i = 0; i < count; i++)
    snprintf(to + 2 * i, 3, "%02x", bytes[i]);
}

/* Where a debuginfod client keeps what it has fetched: debuginfod_find_debuginfo(3). */
static bool cache_directory(size_t index, char *directory, size_t room) {
  const struct {
    const char *variable, *below;
  } places[] = {{"DEBUGINFOD_CACHE_PATH", ""},
                {"XDG_CACHE_HOME", "/debuginfod_client"},
                {"HOME", "/.cache/debuginfod_client"},
                {"HOME", "/.debuginfod_client_cache"}};
  if (index >= sizeof places / sizeof places[0])
    return false;
  const char *base = getenv(places[index].variable);
  directory[0] = '\0';
  if (base != NULL && base[0] == '/')
    snprintf(directory, room, "%s%s", base, places[index].below);
  return true;
}

bool build_id_path(const struct build_id *id, bool debug, size_t index, char *path, size_t room) {
  enum { LEAST_BYTES = 2 };
  char first[3], rest[2 * FH_BUILD_ID_BYTES + 1], directory[PATH_MAX];
  if (id->bytes < LEAST_BYTES)
    return false;
  write_hex(id->id, 1, first);
  write_hex(id->id + 1, id->bytes - 1, rest);
  if (index == 0) {
    snprintf(path, room, "/usr/lib/debug/.build-id/%s/%s%s", first, rest, debug ? ".debug" : "");
    return true;
  }
  path[0] = '\0';
  if (!cache_directory(index - 1, directory, sizeof directory))
    return false;
  if (directory[0] != '\0')
    snprintf(path, room, "%s/%s%s/%s", directory, first, rest, debug ? "debuginfo" : "executable");
  return true;
}
