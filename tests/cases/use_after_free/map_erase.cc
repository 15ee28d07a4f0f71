/* case: kind=heap-use-after-free access=read
 * The node that an iterator stands on is erased, and the loop goes on from it. */
#include "case.h"
#include <map>

int main() {
  std::map<int, int> ages = {{1, 30}, {2, 40}, {3, 50}};
  int sum = 0;
  for (auto at = ages.begin(); at != ages.end();) {
    sum += at->second;
    if (at->first == 2) {
      auto erased = at;
      if (BAD) {
        ages.erase(erased);
        ++at; // BUG
        sum += opaque(&*at) != nullptr;
        break;
      }
      ++at;
      ages.erase(erased);
    } else {
      ++at;
    }
  }
  printf("%d\n", sum > 10);
}
