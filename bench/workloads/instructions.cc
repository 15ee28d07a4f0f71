// instructions: loops whose instructions callgrind counts (bench/instructions.py).
//
//   instructions LOOP COUNT
//
// The loops are as bare as the compiler lets them be, call through the PLT like any program does, and are built with
// plain -O2. Over the bump heap (bump.c) pair64 takes 19 instructions a round and mixed 33. Start-up drops out because
// the script takes the slope between two counts.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <pthread.h>
#include <semaphore.h>

namespace {

constexpr unsigned window_slots = 256;
constexpr unsigned batch = 1000;

// Through a volatile local, so that no compiler removes the pair.
void pair64(unsigned long count) {
  for (unsigned long i = 0; i < count; i++) {
    void *volatile object = std::malloc(64);
    std::free(object);
  }
}

// The same beside one object that stays: the span never becomes empty.
void pair64_beside(unsigned long count) {
  void *volatile beside = std::malloc(64);
  pair64(count);
  std::free(beside);
}

void *window[window_slots];

// 16 to 1024 bytes; each object is freed when the window comes round to its slot.
void mixed(unsigned long count) {
  uint64_t random = 1;
  for (unsigned long i = 0; i < count; i++) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    size_t size = 16 + (((random >> 32) * 1009) >> 32);
    void **slot = &window[i % window_slots];
    std::free(*slot);
    *slot = std::malloc(size);
  }
}

void calloc_pair(unsigned long count) {
  for (unsigned long i = 0; i < count; i++) {
    void *volatile object = std::calloc(1, 64);
    std::free(object);
  }
}

// One object that goes back and forth between two size classes.
void realloc_moves(unsigned long count) {
  void *object = std::malloc(64);
  for (unsigned long i = 0; i < count; i++)
    object = std::realloc(object, 64 + 128 * (i & 1));
  std::free(object);
}

// One object that stays where it is.
void realloc_stays(unsigned long count) {
  void *object = std::malloc(64);
  for (unsigned long i = 0; i < count; i++)
    object = std::realloc(object, 60 + (i & 1));
  std::free(object);
}

void *volatile objects[batch];

// Batches: a thousand malloc, then a thousand free; spans fill up and empty again.
void batches(unsigned long count) {
  for (unsigned long done = 0; done < count; done += batch) {
    for (unsigned i = 0; i < batch; i++)
      objects[i] = std::malloc(64);
    for (unsigned i = 0; i < batch; i++)
      std::free(objects[i]);
  }
}

// Nothing is freed.
void malloc_only(unsigned long count) {
  for (unsigned long i = 0; i < count; i++) {
    void *volatile object = std::malloc(64);
    (void)object;
  }
}

void new_delete(unsigned long count) {
  for (unsigned long i = 0; i < count; i++) {
    void *volatile object = ::operator new(64);
    ::operator delete(object);
  }
}

void new_delete_sized(unsigned long count) {
  for (unsigned long i = 0; i < count; i++) {
    void *volatile object = ::operator new(64);
    ::operator delete (object, size_t{64});
  }
}

void aligned_pair(unsigned long count) {
  for (unsigned long i = 0; i < count; i++) {
    void *volatile object = std::aligned_alloc(64, 128);
    std::free(object);
  }
}

sem_t filled, emptied;
unsigned long cross_count;

void *cross_free_thread(void *) {
  for (unsigned long done = 0; done < cross_count; done += batch) {
    sem_wait(&filled);
    for (unsigned i = 0; i < batch; i++)
      std::free(objects[i]);
    sem_post(&emptied);
  }
  return nullptr;
}

// One thread allocates a batch, the other frees it; the two semaphores are spread over a thousand objects.
void cross_free(unsigned long count) {
  sem_init(&filled, 0, 0);
  sem_init(&emptied, 0, 0);
  cross_count = count;
  pthread_t thread;
  if (pthread_create(&thread, nullptr, cross_free_thread, nullptr) != 0)
    std::abort();
  for (unsigned long done = 0; done < count; done += batch) {
    for (unsigned i = 0; i < batch; i++)
      objects[i] = std::malloc(64);
    sem_post(&filled);
    sem_wait(&emptied);
  }
  pthread_join(thread, nullptr);
}

struct loop {
  const char *name;
  void (*run)(unsigned long count);
};

constexpr loop loops[] = {
    {"pair64", pair64},
    {"mixed", mixed},
    {"pair64_beside", pair64_beside},
    {"calloc_pair", calloc_pair},
    {"realloc_moves", realloc_moves},
    {"realloc_stays", realloc_stays},
    {"batches", batches},
    {"malloc_only", malloc_only},
    {"aligned_pair", aligned_pair},
    {"cross_free", cross_free},
    {"new_delete", new_delete},
    {"new_delete_sized", new_delete_sized},
};

} // namespace

int main(int argc, char **argv) {
  if (argc != 3)
    return 2;
  for (const loop &loop : loops)
    if (std::strcmp(loop.name, argv[1]) == 0) {
      loop.run(std::strtoul(argv[2], nullptr, 10));
      return 0;
    }
  return 2;
}
