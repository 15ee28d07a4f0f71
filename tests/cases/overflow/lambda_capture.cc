/* case: kind=heap-buffer-overflow access=write bytes=2 offset=14 object=14
 * A callback writes behind an array it holds. */
#include "case.h"
#include <functional>
#include <memory>

int main() {
  std::unique_ptr<short[]> volumes(new short[7]()); // ALLOC
  auto set = [at = volumes.get()](size_t channel, short volume) {
    static_cast<volatile short *>(opaque(at))[channel] = volume; // BUG
  };
  std::function<void(size_t, short)> call = set;
  call(BAD ? 7 : 6, 3);
  printf("%d\n", volumes[0]);
}
