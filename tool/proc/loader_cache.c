#include "tool/proc/loader_cache.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The layout is glibc's (sysdeps/generic/dl-cache.h), in use alone since 2.32 and after an older table before. */
static const char cache_magic[] = "glibc-ld.so.cache1.1";

struct cache_header {
  char magic[sizeof cache_magic - 1];
  uint32_t entry_count;
  uint32_t string_bytes;
  uint8_t flags;
  uint8_t padding[3];
  uint32_t extension_offset;
  uint32_t unused[3];
};

struct cache_entry {
  int32_t flags;
  uint32_t name; /* offsets from the header's start */
  uint32_t path;
  uint32_t system_version;
  uint64_t hardware;
};

struct loader_cache loader_cache_open(void) {
  struct loader_cache cache = {NULL, 0};
  int descriptor = open("/etc/ld.so.cache", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    return cache;
  struct stat status;
  if (fstat(descriptor, &status) == 0 && status.st_size > 0) {
    void *bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (bytes != MAP_FAILED)
      cache = (struct loader_cache){bytes, (size_t)status.st_size};
  }
  close(descriptor);
  return cache;
}

void loader_cache_close(struct loader_cache *cache) {
  if (cache->bytes != NULL)
    munmap((void *)(uintptr_t)cache->bytes, cache->length);
  cache->bytes = NULL;
}

/* The string at `offset`, or NULL when it does not end inside the table. */
static const char *string_at(const char *table, size_t length, uint32_t offset) {
  if (offset >= length || memchr(table + offset, '\0', length - offset) == NULL)
    return NULL;
  return table + offset;
}

const char *loader_cache_path(const struct loader_cache *cache, const char *name, size_t index) {
  if (cache->bytes == NULL)
    return NULL;
  const char *table = memmem(cache->bytes, cache->length, cache_magic, sizeof cache_magic - 1);
  if (table == NULL)
    return NULL;
  size_t length = cache->length - (size_t)(table - cache->bytes);
  struct cache_header header;
  if (length < sizeof header)
    return NULL;
  memcpy(&header, table, sizeof header);
  for (size_t i = 0; i < header.entry_count; i++) {
    struct cache_entry entry;
    size_t at = sizeof header + i * sizeof entry;
    if (at + sizeof entry > length)
      return NULL;
    memcpy(&entry, table + at, sizeof entry);
    const char *entry_name = string_at(table, length, entry.name);
    if (entry_name != NULL && strcmp(entry_name, name) == 0 && index-- == 0)
      return string_at(table, length, entry.path);
  }
  return NULL;
}
