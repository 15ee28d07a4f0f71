/* memory_cache.h: reads of another process's memory, many small ones of neighbours made one large one. */
#ifndef FREEHOLD_PROC_MEMORY_CACHE_H
#define FREEHOLD_PROC_MEMORY_CACHE_H

#include "tool/proc/process.h"

enum { MEMORY_CACHE_BLOCKS = 8 };

struct memory_cache {
  struct process_memory memory;
  size_t block_bytes; /* a power of two, the page size at least */
  size_t next;        /* block to be replaced */
  struct {
    uint64_t start;
    size_t bytes; /* 0: empty */
    char *data;
  } blocks[MEMORY_CACHE_BLOCKS];
};

/* False without memory. */
bool memory_cache_open(struct memory_cache *cache, pid_t pid, size_t block_bytes);
void memory_cache_close(struct memory_cache *cache);
/* For fh_accounts_collect and kin; its context is the cache. What it gives may be as old as the cache. */
int memory_cache_read(void *memory_cache, uint64_t address, void *to, size_t bytes);

#endif
