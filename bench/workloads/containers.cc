// containers: maps, vectors and strings of the C++ library, through operator new and delete.
#include "workload.h"

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace {

constexpr unsigned keys = 20000;

void run(uint64_t amount, unsigned) {
  uint64_t random = 1;
  for (uint64_t round = 0; round < amount; round++) {
    std::map<std::string, std::vector<std::shared_ptr<std::string>>> sorted;
    std::unordered_map<std::string, unsigned> counted;
    for (unsigned i = 0; i < 4 * keys; i++) {
      std::string key = "a key long enough for the heap " + std::to_string(workload_random_below(&random, keys));
      sorted[key].push_back(std::make_shared<std::string>(i % 50, 'x'));
      counted[key]++;
    }
    unsigned total = 0;
    for (const auto &[key, values] : sorted) {
      if (counted.at(key) != values.size())
        workload_fail("two containers disagree");
      total += static_cast<unsigned>(values.size());
    }
    if (total != 4 * keys)
      workload_fail("a container lost entries");
  }
}

} // namespace

extern "C" const struct workload workload = {.amount = 5, .threads = 1, .run = run};
