// Frames of C++: where exceptions are caught, destructors that run for one, virtual calls, the library's algorithms.
#include "compare.h"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <vector>

namespace {

struct observer {
  const char *what;
  ~observer() { observe(what, 4); }
};

__attribute__((noinline)) void thrower(int depth) {
  observer leaving = {"C++: destructor while an exception passes"};
  if (depth == 0)
    throw std::runtime_error("on purpose");
  thrower(depth - 1);
}

struct shape {
  virtual ~shape() = default;
  virtual void draw(int depth) = 0;
};
struct circle : shape {
  void draw(int depth) override {
    std::vector<int> numbers(32, depth);
    if (depth == 0)
      observe("C++: virtual calls", 12);
    else
      draw(depth - 1);
    std::sort(numbers.begin(), numbers.end());
  }
};

} // namespace

extern "C" void cases_cxx(void) {
  try {
    thrower(4);
  } catch (const std::exception &) {
    observe("C++: where it was caught", 3);
  }
  circle one;
  static_cast<shape &>(one).draw(8);
  std::vector<int> numbers(100);
  std::function<bool(int, int)> order = [](int left, int right) {
    observe("C++: std::function in std::sort", 5);
    return left < right;
  };
  std::sort(numbers.begin(), numbers.end(), order);
}
