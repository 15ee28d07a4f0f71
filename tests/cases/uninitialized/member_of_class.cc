/* case: kind=uninitialized-read bytes=1 offset=16 object=24
 * A constructor forgets one of the members. */
#include "case.h"

class Connection {
public:
  NOINLINE Connection() : retries(3), timeout(1.5) {
    if (!BAD) {
      open = false;
    }
  }
  NOINLINE bool is_open() const {
    return *static_cast<const volatile unsigned char *>(opaque(&open)) == 1; // BUG
  }

private:
  long retries;
  double timeout;
  bool open;
};

int main() {
  auto *connection = new Connection; // ALLOC
  bool open = connection->is_open();
  if (open) {
    puts("open");
  }
  delete connection;
}
