/* case: kind=double-free object=80
 * A class with a destructor but without a constructor for copies. */
#include "case.h"

class Buffer {
public:
  explicit Buffer(size_t count) : values(new double[count]()) {} // ALLOC
  ~Buffer() { destroy(); }
#if !BAD
  Buffer(const Buffer &) : values(new double[10]()) {}
#endif
  double first() const {
    return values[0];
  }

private:
  NOINLINE void destroy() {
    delete[] static_cast<double *>(opaque(values)); // FREE BUG
  }
  double *values;
};

static NOINLINE double by_value(Buffer buffer) {
  return buffer.first();
}

int main() {
  Buffer buffer(10);
  double first = by_value(buffer);
  printf("%d\n", first == 99);
}
