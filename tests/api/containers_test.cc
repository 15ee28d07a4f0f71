/* freehold/new.hpp: heap, memory_resource and allocator. */
#include "expect.h"

#include <freehold/new.hpp>

#include <cstring>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

template <typename Exception, typename Call> void expect_throw(Call call) {
  bool caught = false;
  try {
    call();
  } catch (const Exception &) {
    caught = true;
  }
  EXPECT(caught);
}

void heaps() {
  freehold::heap first("first"), second;
  EXPECT(first.get() != nullptr && first.get() != second.get());
  void *object = first.allocate(100);
  EXPECT_ALIGNED(object, 16);
  void *aligned = first.allocate(100, 4096);
  EXPECT_ALIGNED(aligned, 4096);
  EXPECT_EQUAL(first.statistics().live_objects, 2);
  first.deallocate(object);
  first.deallocate(aligned);
  first.deallocate(nullptr);
  EXPECT_EQUAL(first.statistics().live_objects, 0);

  object = first.allocate(64);
  fh_heap *handle = first.get();
  freehold::heap moved(std::move(first));
  EXPECT(first.get() == nullptr && moved.get() == handle);
  EXPECT_EQUAL(moved.statistics().live_objects, 1);
  second = std::move(moved);
  EXPECT(second.get() == handle);
  swap(second, moved);
  EXPECT(moved.get() == handle && second.get() == nullptr);
  freehold::heap taken(moved.release());
  EXPECT(taken.get() == handle && moved.get() == nullptr);
  freehold::heap empty(static_cast<fh_heap *>(nullptr));

  struct fh_heap_options closable = {};
  closable.struct_bytes = sizeof closable;
  closable.flags = FH_HEAP_PROTECTED;
  freehold::heap closed(fh_heap_create(&closable));
  EXPECT(closed.get() != nullptr);
  EXPECT(closed.allocate(100) != nullptr);
  EXPECT(closed.protect(FH_HEAP_NO_ACCESS));
  bool refused = false;
  try {
    (void)closed.allocate(100);
  } catch (const std::bad_alloc &) {
    refused = true;
  }
  EXPECT(refused);
  EXPECT(!freehold::heap("ordinary").protect(FH_HEAP_READ_ONLY));

  freehold::heap limited("limited", std::size_t{4} << 20);
  EXPECT_EQUAL(limited.statistics().limit_bytes, std::size_t{4} << 20);
  expect_throw<std::bad_alloc>([&] { (void)limited.allocate(std::size_t{5} << 20); });
  freehold::heap zeroed("zeroed", 0, true);
  for (int i = 0; i < 1000; i++) {
    void *zeros = zeroed.allocate(500);
    EXPECT(all_bytes_are(zeros, 0, 500));
    std::memset(zeros, 1, 500);
    zeroed.deallocate(zeros);
  }
}

void resources() {
  freehold::memory_resource process_wide, also_process_wide;
  freehold::heap heap("resource");
  freehold::memory_resource in_heap(heap), also_in_heap(heap.get());
  EXPECT(process_wide == also_process_wide);
  EXPECT(in_heap == also_in_heap);
  EXPECT(process_wide != in_heap);
  EXPECT(in_heap != *std::pmr::new_delete_resource());
  for (std::size_t alignment = 1; alignment <= 65536; alignment *= 2)
    for (std::size_t size : std::initializer_list<std::size_t>{0, 1, 100, 10000}) {
      void *object = in_heap.allocate(size, alignment);
      EXPECT_ALIGNED(object, alignment);
      std::memset(object, 1, size);
      also_in_heap.deallocate(object, size, alignment);
      object = process_wide.allocate(size, alignment);
      EXPECT_ALIGNED(object, alignment);
      also_process_wide.deallocate(object, size, alignment);
    }
  expect_throw<std::bad_alloc>([&] { (void)process_wide.allocate(opaque_size(SIZE_MAX - 100)); });
  expect_throw<std::bad_alloc>([&] { (void)in_heap.allocate(opaque_size(SIZE_MAX / 2), 4096); });
  {
    std::pmr::map<int, std::pmr::string> map(&in_heap);
    for (int i = 0; i < 5000; i++)
      map.emplace(i, std::pmr::string(static_cast<std::size_t>(i % 200), 'm'));
    EXPECT(heap.statistics().live_objects > 5000);
    for (int i = 0; i < 5000; i++)
      EXPECT(map.at(i).size() == static_cast<std::size_t>(i % 200));
    std::pmr::monotonic_buffer_resource buffer(&in_heap);
    std::pmr::vector<int> vector(&buffer);
    for (int i = 0; i < 100000; i++)
      vector.push_back(i);
    EXPECT_EQUAL(vector[99999], 99999);
    std::pmr::synchronized_pool_resource pool(&in_heap);
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; t++)
      threads.emplace_back([&pool] {
        std::pmr::list<int> list(&pool);
        for (int i = 0; i < 5000; i++)
          list.push_back(i);
      });
    for (auto &thread : threads)
      thread.join();
  }
  EXPECT_EQUAL(heap.statistics().live_objects, 0);
}

struct alignas(512) wide {
  unsigned char bytes[512];
};

template <typename T> using vector_of = std::vector<T, freehold::allocator<T>>;

void allocators() {
  static_assert(
      std::is_same_v<std::allocator_traits<freehold::allocator<int>>::rebind_alloc<long>, freehold::allocator<long>>);
  static_assert(std::is_nothrow_copy_constructible_v<freehold::allocator<int>>);
  static_assert(std::is_nothrow_default_constructible_v<freehold::allocator<int>>);
  static_assert(freehold::allocator<char>::max_size() == static_cast<std::size_t>(PTRDIFF_MAX));
  static_assert(freehold::allocator<wide>::max_size() == static_cast<std::size_t>(PTRDIFF_MAX) / 512);

  freehold::heap heap("allocator"), other_heap;
  freehold::allocator<int> process_wide, in_heap(heap), in_other(other_heap);
  EXPECT(process_wide != in_heap && in_heap != in_other);
  EXPECT(in_heap == freehold::allocator<long>(heap));
  EXPECT(freehold::allocator<char>(in_heap) == in_heap);
  expect_throw<std::bad_array_new_length>([&] { (void)process_wide.allocate(opaque_size(SIZE_MAX)); });
  expect_throw<std::bad_array_new_length>([&] { (void)in_heap.allocate(in_heap.max_size() + 1); });
  expect_throw<std::bad_alloc>([&] { (void)in_heap.allocate(opaque_size(in_heap.max_size())); });
  int *nothing = in_heap.allocate(0);
  EXPECT(nothing != nullptr);
  in_heap.deallocate(nothing, 0);

  {
    vector_of<wide> aligned((freehold::allocator<wide>(heap)));
    for (int i = 0; i < 100; i++) {
      aligned.emplace_back();
      EXPECT_ALIGNED(&aligned.back(), 512);
    }
    vector_of<int> first({1, 2, 3}, in_heap), second({4}, in_other), third({5, 6}, process_wide);
    /* A copy allocates where its original does. */
    vector_of<int> copy = first;
    EXPECT(copy.get_allocator() == in_heap && copy == first);
    /* Copy assignment keeps the target's heap. */
    second = first;
    EXPECT(second.get_allocator() == in_other && second == first);
    /* Move assignment and swap carry the heap along and copy nothing. */
    const int *data = first.data();
    third = std::move(first);
    EXPECT(third.get_allocator() == in_heap && third.data() == data);
    swap(third, second);
    EXPECT(second.data() == data && second.get_allocator() == in_heap && third.get_allocator() == in_other);

    using pair = std::pair<const int, std::string>;
    std::map<int, std::string, std::less<>, freehold::allocator<pair>> map{freehold::allocator<pair>(heap)};
    std::unordered_map<int, std::string, std::hash<int>, std::equal_to<>, freehold::allocator<pair>> table{
        freehold::allocator<pair>(heap)};
    for (int i = 0; i < 3000; i++) {
      map[i] = std::to_string(i);
      table[i] = std::to_string(i);
    }
    EXPECT(map.at(2999) == "2999" && table.at(2999) == "2999");
    std::basic_string<char, std::char_traits<char>, freehold::allocator<char>> string(in_heap);
    string.assign(5000, 's');
    auto shared = std::allocate_shared<wide>(freehold::allocator<wide>(heap));
    EXPECT_ALIGNED(shared.get(), 512);
  }
  EXPECT_EQUAL(heap.statistics().live_objects, 0);
  EXPECT_EQUAL(other_heap.statistics().live_objects, 0);
}

} // namespace

int main() {
  heaps();
  resources();
  allocators();
  std::puts("ok");
  return 0;
}
