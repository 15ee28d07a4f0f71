/* C++ containers on a heap of their own: std::pmr by a memory resource, and all of it freed with the heap. */
#include <freehold/new.hpp>

#include <cstdio>
#include <map>
#include <memory>
#include <memory_resource>
#include <string>

int main() {
  freehold::heap heap("index", 64u << 20);
  freehold::memory_resource resource(heap);
  {
    std::pmr::map<int, std::pmr::string> index(&resource);
    for (int i = 0; i < 10000; i++)
      index.emplace(i, "a value too long to be kept inside of the string object");
    const auto statistics = heap.statistics();
    std::printf("%zu entries in %zu objects\n", index.size(), statistics.live_objects);
    if (statistics.live_objects < 2 * index.size())
      return 1;
  }
  /* Plain new is on the process's heap, the same that malloc uses. */
  const std::unique_ptr<std::string> plain(new std::string(100, 'x'));
  return heap.statistics().live_objects == 0 && fh_malloc_usable_size(plain->data()) > 100 ? 0 : 1;
}
