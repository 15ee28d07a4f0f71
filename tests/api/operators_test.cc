/* Every form of operator new and operator delete, the new_handler loop, and what a failure throws. */
#include "expect.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <functional>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

/* More than there are addresses, less than PTRDIFF_MAX. */
const std::size_t too_large = opaque_size(std::size_t{1} << 61);
const std::nothrow_t nothrow{};

void touch(void *object, std::size_t size, std::size_t alignment) {
  EXPECT(object != nullptr);
  EXPECT_ALIGNED(object, alignment);
  EXPECT(malloc_usable_size(object) >= size);
  std::memset(object, 0x42, size);
}

void every_form() {
  for (std::size_t size : std::initializer_list<std::size_t>{0, 1, 8, 24, 100, 1000, 5000, 70000, 2000000}) {
    void *object = ::operator new(size);
    touch(object, size, 16);
    ::operator delete(object);
    object = ::operator new(size);
    ::operator delete(object, size);
    object = ::operator new(size, nothrow);
    touch(object, size, 16);
    ::operator delete(object, nothrow);
    object = ::operator new[](size);
    touch(object, size, 16);
    ::operator delete[](object);
    object = ::operator new[](size);
    ::operator delete[](object, size);
    object = ::operator new[](size, nothrow);
    touch(object, size, 16);
    ::operator delete[](object, nothrow);
    for (std::size_t power = 1; power <= std::size_t{1} << 20; power *= 4) {
      const auto alignment = static_cast<std::align_val_t>(power);
      object = ::operator new(size, alignment);
      touch(object, size, power);
      ::operator delete(object, alignment);
      object = ::operator new(size, alignment);
      ::operator delete(object, size, alignment);
      object = ::operator new(size, alignment, nothrow);
      touch(object, size, power);
      ::operator delete(object, alignment, nothrow);
      object = ::operator new[](size, alignment);
      touch(object, size, power);
      ::operator delete[](object, alignment);
      object = ::operator new[](size, alignment);
      ::operator delete[](object, size, alignment);
      object = ::operator new[](size, alignment, nothrow);
      touch(object, size, power);
      ::operator delete[](object, alignment, nothrow);
    }
  }
  ::operator delete(nullptr);
  ::operator delete[](nullptr);
  ::operator delete (nullptr, std::size_t{8});
  ::operator delete (nullptr, std::align_val_t{64});
  /* Size 0 gives pointers of their own. */
  void *first = ::operator new(0), *second = ::operator new(0);
  EXPECT(first != second);
  ::operator delete(first);
  ::operator delete(second);
}

/* An allocation whose result is not looked at may be left out by the compiler. */
void *keep(void *object) {
  return opaque_pointer(object);
}

template <typename Call> void expect_bad_alloc(Call call) {
  bool caught = false;
  try {
    call();
  } catch (const std::bad_alloc &) {
    caught = true;
  }
  EXPECT(caught);
}

void failures_without_handler() {
  EXPECT(std::get_new_handler() == nullptr);
  const auto alignment = std::align_val_t{64};
  expect_bad_alloc([] { (void)keep(::operator new(too_large)); });
  expect_bad_alloc([] { (void)keep(::operator new[](too_large)); });
  expect_bad_alloc([&] { (void)keep(::operator new(too_large, alignment)); });
  expect_bad_alloc([&] { (void)keep(::operator new[](too_large, alignment)); });
  expect_bad_alloc([] { (void)keep(::operator new(opaque_size(SIZE_MAX))); });
  expect_bad_alloc([] { (void)keep(::operator new(64, static_cast<std::align_val_t>(opaque_size(48)))); });
  EXPECT(::operator new(too_large, nothrow) == nullptr);
  EXPECT(::operator new[](too_large, nothrow) == nullptr);
  EXPECT(::operator new(too_large, alignment, nothrow) == nullptr);
  EXPECT(::operator new[](too_large, alignment, nothrow) == nullptr);
  EXPECT(::operator new(64, static_cast<std::align_val_t>(opaque_size(48)), nothrow) == nullptr);
  bool caught = false;
  try {
    (void)keep(new char[opaque_size(SIZE_MAX)]);
  } catch (const std::bad_alloc &) {
    caught = true;
  }
  EXPECT(caught);
}

int handler_calls;
void handler_gives_up_at_three() {
  if (++handler_calls == 3)
    std::set_new_handler(nullptr);
}
void handler_throws() {
  ++handler_calls;
  throw std::bad_alloc();
}
struct not_bad_alloc {};
void handler_throws_another() {
  throw not_bad_alloc();
}

void handlers() {
  const auto alignment = std::align_val_t{128};
  const std::function<void()> throwing[] = {[] { (void)keep(::operator new(too_large)); },
                                            [] { (void)keep(::operator new[](too_large)); },
                                            [&] { (void)keep(::operator new(too_large, alignment)); },
                                            [&] { (void)keep(::operator new[](too_large, alignment)); }};
  const std::function<void *()> quiet[] = {[] { return ::operator new(too_large, nothrow); },
                                           [] { return ::operator new[](too_large, nothrow); },
                                           [&] { return ::operator new(too_large, alignment, nothrow); },
                                           [&] { return ::operator new[](too_large, alignment, nothrow); }};
  for (const auto &call : throwing) {
    handler_calls = 0;
    std::set_new_handler(handler_gives_up_at_three);
    expect_bad_alloc(call);
    EXPECT_EQUAL(handler_calls, 3);
    handler_calls = 0;
    std::set_new_handler(handler_throws);
    expect_bad_alloc(call);
    EXPECT_EQUAL(handler_calls, 1);
    std::set_new_handler(handler_throws_another);
    bool caught = false;
    try {
      call();
    } catch (const not_bad_alloc &) {
      caught = true;
    }
    EXPECT(caught);
  }
  for (const auto &call : quiet) {
    handler_calls = 0;
    std::set_new_handler(handler_gives_up_at_three);
    EXPECT(call() == nullptr);
    EXPECT_EQUAL(handler_calls, 3);
    std::set_new_handler(handler_throws);
    EXPECT(call() == nullptr);
    std::set_new_handler(handler_throws_another);
    EXPECT(call() == nullptr);
  }
  std::set_new_handler(nullptr);
}

struct alignas(256) over_aligned {
  char bytes[300];
};

struct counted {
  static int alive;
  explicit counted(bool fail = false) {
    if (fail)
      throw 1;
    ++alive;
  }
  ~counted() { --alive; }
  char padding[40];
};
int counted::alive;

void expressions() {
  auto *one = new over_aligned;
  EXPECT_ALIGNED(one, 256);
  delete one;
  auto *many = new over_aligned[7];
  EXPECT_ALIGNED(many, 256);
  delete[] many;
  auto *objects = new counted[100];
  EXPECT_EQUAL(counted::alive, 100);
  delete[] objects;
  EXPECT_EQUAL(counted::alive, 0);
  /* A constructor that throws gives the memory back through the matching delete. */
  for (int i = 0; i < 1000; i++) {
    bool caught = false;
    try {
      delete new counted(true);
    } catch (int) {
      caught = true;
    }
    EXPECT(caught);
  }
  /* Placement into our blocks. */
  void *room = std::malloc(sizeof(std::string) * 3);
  auto *string = new (room) std::string("a string that is too long to be kept inside");
  EXPECT(string->size() > 30);
  string->~basic_string();
  std::free(room);
}

void containers() {
  std::map<std::string, std::vector<int>> words;
  std::unordered_map<int, std::unique_ptr<std::string>> numbers;
  std::list<std::string> list;
  std::deque<std::array<char, 50>> deque(1000);
  std::multiset<std::string> set;
  for (int i = 0; i < 20000; i++) {
    words[std::to_string(i % 997) + " is a key long enough to be on the heap"].push_back(i);
    numbers[i] = std::make_unique<std::string>(static_cast<std::size_t>(i % 300), 'x');
    list.push_back(std::to_string(i));
    set.insert(std::string(static_cast<std::size_t>(i % 64), 'y'));
    if (i % 3 == 0)
      numbers.erase(i / 2);
    if (i % 5 == 0)
      list.pop_front();
  }
  list.sort();
  std::size_t total = 0;
  for (const auto &[word, values] : words)
    total += values.size();
  EXPECT_EQUAL(total, 20000);
  for (const auto &[number, text] : numbers)
    EXPECT(*text == std::string(static_cast<std::size_t>(number % 300), 'x'));
  EXPECT(std::is_sorted(list.begin(), list.end()));
  std::ostringstream stream;
  for (int i = 0; i < 10000; i++)
    stream << i << ' ';
  EXPECT(std::regex_search(stream.str().substr(0, 100), std::regex("(\\d+) (\\d+) 7")));
  std::vector<std::thread> threads;
  std::vector<std::shared_ptr<std::string>> shared(1000, std::make_shared<std::string>(100, 'z'));
  for (int i = 0; i < 8; i++)
    threads.emplace_back([shared] {
      std::vector<std::shared_ptr<std::string>> own = shared;
      for (auto &each : own)
        each = std::make_shared<std::string>(*each);
    });
  for (auto &thread : threads)
    thread.join();
}

/* Exceptions themselves are allocated; deep and from many threads. */
void exceptions() {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++)
    threads.emplace_back([] {
      for (int j = 0; j < 2000; j++) {
        try {
          std::vector<int>().at(static_cast<std::size_t>(j));
        } catch (const std::out_of_range &error) {
          EXPECT(std::strlen(error.what()) > 0);
        }
      }
    });
  for (auto &thread : threads)
    thread.join();
}

/* Destructors of thread_local objects that allocate and free when the thread's heap may already be on its way out. */
struct late_worker {
  std::vector<std::string> strings;
  ~late_worker() {
    for (int i = 0; i < 100; i++)
      strings.push_back(std::string(static_cast<std::size_t>(i) * 10, 'q'));
    strings.clear();
    delete[] new char[100000];
  }
};
thread_local late_worker late_first;
thread_local std::unique_ptr<std::map<int, late_worker>> late_second;

void thread_local_destructors() {
  for (int round = 0; round < 50; round++) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; i++)
      threads.emplace_back([i] {
        late_first.strings.emplace_back(1000, 'a');
        late_second = std::make_unique<std::map<int, late_worker>>();
        (*late_second)[i].strings.emplace_back(50, 'b');
      });
    for (auto &thread : threads)
      thread.join();
  }
}

std::string *at_exit_string = new std::string(500, 'e');
struct static_object {
  std::vector<std::string> strings{1000, std::string(100, 's')};
  ~static_object() {
    strings.emplace_back(5000, 't');
    delete at_exit_string;
  }
} static_object;

} // namespace

int main() {
  every_form();
  failures_without_handler();
  handlers();
  expressions();
  containers();
  exceptions();
  thread_local_destructors();
  late_first.strings.emplace_back(1000, 'm');
  std::puts("ok");
  return 0;
}
