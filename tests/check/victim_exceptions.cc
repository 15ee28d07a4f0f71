// victim_exceptions.cc: exceptions that pass through frames whose objects are watched.
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct node {
  std::unique_ptr<node> next;
  std::string text;
  int number;
};

static int ended;

struct guardian {
  std::unique_ptr<node> kept = std::make_unique<node>();
  ~guardian() { ended += kept->number; }
};

__attribute__((noinline)) static void descend(int depth) {
  guardian here;
  here.kept->number = 1;
  here.kept->text = "a text that is too long to be kept inside of the string itself";
  if (depth == 0)
    throw std::runtime_error(here.kept->text);
  descend(depth - 1);
}

int main() {
  for (int i = 0; i < 50; i++) {
    try {
      descend(9);
    } catch (const std::runtime_error &error) {
      if (std::string(error.what()).size() != 62)
        return 1;
    }
  }
  if (ended != 500)
    return 2;
  std::vector<int> numbers(3);
  volatile int *past = numbers.data();
  past[3] = 1;
  std::puts("survived");
}
