#include "tool/proc/memory_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool memory_cache_open(struct memory_cache *cache, pid_t pid, size_t block_bytes) {
  memset(cache, 0, sizeof *cache);
  cache->memory = (struct process_memory){.pid = pid, .descriptor = -1};
  cache->block_bytes = block_bytes;
  for (size_t i = 0; i < MEMORY_CACHE_BLOCKS; i++) {
    cache->blocks[i].data = malloc(block_bytes);
    if (cache->blocks[i].data == NULL) {
      memory_cache_close(cache);
      return false;
    }
  }
  return true;
}

void memory_cache_close(struct memory_cache *cache) {
  for (size_t i = 0; i < MEMORY_CACHE_BLOCKS; i++)
    free(cache->blocks[i].data);
  process_memory_close(&cache->memory);
}

static size_t load(struct memory_cache *cache, uint64_t start, size_t wanted) {
  size_t at = cache->next;
  cache->next = (cache->next + 1) % MEMORY_CACHE_BLOCKS;
  cache->blocks[at].start = start;
  cache->blocks[at].bytes = 0;
  /* What is wanted may lie in front of pages that can't be read: then the block ends sooner. */
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  for (size_t bytes = cache->block_bytes; bytes >= wanted; bytes /= 2) {
    if (process_memory_read(&cache->memory, start, cache->blocks[at].data, bytes) == 0) {
      cache->blocks[at].bytes = bytes;
      return at;
    }
    if (cache->memory.error != EFAULT && cache->memory.error != EIO)
      break;
    if (bytes <= page)
      break;
  }
  return SIZE_MAX;
}

static size_t find(const struct memory_cache *cache, uint64_t address, size_t bytes) {
  for (size_t i = 0; i < MEMORY_CACHE_BLOCKS; i++)
    if (address - cache->blocks[i].start < cache->blocks[i].bytes &&
        bytes <= cache->blocks[i].bytes - (address - cache->blocks[i].start))
      return i;
  return SIZE_MAX;
}

int memory_cache_read(void *memory_cache, uint64_t address, void *to, size_t bytes) {
  struct memory_cache *cache = memory_cache;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t at = find(cache, address, bytes);
  if (at == SIZE_MAX) {
    uint64_t start = address & ~(uint64_t)(page - 1);
    size_t wanted = (size_t)(address + bytes - start + page - 1) & ~(page - 1);
    at = wanted <= cache->block_bytes ? load(cache, start, wanted) : SIZE_MAX;
  }
  if (at == SIZE_MAX || find(cache, address, bytes) == SIZE_MAX)
    return process_memory_read(&cache->memory, address, to, bytes);
  at = find(cache, address, bytes);
  memcpy(to, cache->blocks[at].data + (address - cache->blocks[at].start), bytes);
  return 0;
}
