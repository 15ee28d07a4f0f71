/* case: kind=leak
 * Two shared_ptr hold each other; a weak_ptr breaks the cycle. */
#include "case.h"
#include <memory>

struct Person {
  std::shared_ptr<Person> friend_of;
  std::weak_ptr<Person> known_to;
  char name[32] = "";
};

static NOINLINE void meet() {
  auto ada = std::make_shared<Person>();
  auto charles = std::make_shared<Person>();
  ada->friend_of = charles;
  if (BAD) {
    charles->friend_of = ada;
  } else {
    charles->known_to = ada;
  }
}

int main() {
  meet();
  clear_stack();
  puts("done");
}
