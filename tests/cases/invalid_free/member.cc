/* case: kind=invalid-free object=24
 * A member is deleted that lies inside of its object. CWE-761. */
#include "case.h"

struct Part {
  long value;
};
struct Whole {
  long number;
  Part part;
  long more;
};

int main() {
  auto *whole = new Whole(); // ALLOC
  Part *part = BAD ? static_cast<Part *>(opaque(&whole->part)) : new Part();
  delete part; // BUG
  delete whole;
  puts("done");
}
