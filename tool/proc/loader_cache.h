/* loader_cache.h: ldconfig's table of library names and paths, /etc/ld.so.cache. */
#ifndef FREEHOLD_PROC_LOADER_CACHE_H
#define FREEHOLD_PROC_LOADER_CACHE_H

#include <stddef.h>

struct loader_cache {
  const char *bytes; /* NULL: no cache */
  size_t length;
};

struct loader_cache loader_cache_open(void);
void loader_cache_close(struct loader_cache *cache);
/* The path number `index` that the cache has for `name` (one for each architecture), or NULL. */
const char *loader_cache_path(const struct loader_cache *cache, const char *name, size_t index);

#endif
