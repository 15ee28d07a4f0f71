/* A program that replaces operator new(size_t) and operator delete(void *) alone, as most that replace any do, must see
 * every other form arrive there ([new.delete.single], [new.delete.array]), and its own pointers must never reach free. */
#include "expect.h"

#include <new>
#include <string>
#include <vector>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wsized-deallocation" /* the point of this test */
#endif

namespace {
int news, deletes;
bool fail;
constexpr std::size_t header = 32; /* so that what is handed out is no object of the heap */
} // namespace

void *operator new(std::size_t size) {
  ++news;
  if (fail)
    throw std::bad_alloc();
  char *object = static_cast<char *>(std::malloc(size + header));
  EXPECT(object != nullptr);
  return object + header;
}

void operator delete(void *pointer) noexcept {
  if (pointer == nullptr)
    return;
  ++deletes;
  std::free(static_cast<char *>(pointer) - header);
}

int main() {
  const std::nothrow_t nothrow{};
  news = deletes = 0;
  ::operator delete (::operator new(10), std::size_t{10});
  ::operator delete[](::operator new[](10));
  ::operator delete[](::operator new[](10), std::size_t{10});
  ::operator delete(::operator new(10, nothrow), nothrow);
  ::operator delete[](::operator new[](10, nothrow), nothrow);
  EXPECT_EQUAL(news, 5);
  EXPECT_EQUAL(deletes, 5);
  delete new std::string(100, 'x');
  EXPECT_EQUAL(news, 7);
  EXPECT_EQUAL(deletes, 7);
  std::vector<std::string>(10, std::string(100, 'y'));
  EXPECT_EQUAL(news, deletes);
  /* The aligned forms are not replaced and stay with the heap. */
  const auto alignment = std::align_val_t{64};
  ::operator delete[](::operator new[](100, alignment), alignment);
  ::operator delete (::operator new(100, alignment, nothrow), std::size_t{100}, alignment);
  EXPECT_EQUAL(news, deletes);
  fail = true;
  EXPECT(::operator new(10, nothrow) == nullptr);
  EXPECT(::operator new[](10, nothrow) == nullptr);
  bool caught = false;
  try {
    (void)opaque_pointer(::operator new[](10));
  } catch (const std::bad_alloc &) {
    caught = true;
  }
  fail = false;
  EXPECT(caught);
  std::puts("ok");
  return 0;
}
