/* A C++ library that a C program loads late: allocation failures must reach its catch blocks all the same. */
#include <cstddef>
#include <new>
#include <string>
#include <vector>

/* Keeps the compiler from leaving an allocation out. */
static void *volatile kept;

/* 0 when everything went as C++ promises, else the number of the step that did not. */
extern "C" __attribute__((visibility("default"))) int run_cxx_plugin(std::size_t too_large) {
  std::vector<std::string> strings;
  for (int i = 0; i < 1000; i++)
    strings.emplace_back(static_cast<std::size_t>(i), 'p');
  if (strings.back().size() != 999)
    return 1;
  bool caught = false;
  try {
    kept = new char[too_large];
  } catch (const std::bad_alloc &) {
    caught = true;
  }
  if (!caught)
    return 2;
  kept = new (std::nothrow) char[too_large];
  if (kept != nullptr)
    return 3;
  static int calls;
  calls = 0;
  std::set_new_handler([] {
    if (++calls == 2)
      std::set_new_handler(nullptr);
  });
  caught = false;
  try {
    kept = ::operator new(too_large);
  } catch (const std::bad_alloc &) {
    caught = true;
  }
  if (!caught || calls != 2)
    return 4;
  return 0;
}
