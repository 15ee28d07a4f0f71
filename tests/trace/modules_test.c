/*
 * What is known of modules: our own table says the same as the C library, and code that takes another's place is noticed.
 *
 *     trace_modules PLUGIN PLUGIN [table|silent]    two files whose code is alike, but for the size of a frame
 *
 * By default the loader's allocations are stored; `silent` has only a walk through a place that is not known yet; with
 * `table`, our own table is used, and the walk is told.
 */
#include "compare.h"
#include "expect.h"
#include "trace/modules.h"
#include "trace/stack.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/wait.h>

/* The loader's own allocations come through here, as they do in a checked program. */
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_malloc(size_t size);
static bool store_loaders;
static stack_id last_stored;
void *calloc(size_t count, size_t size) {
  if (store_loaders)
    last_stored = stack_store(STACK_HERE(), true);
  return __libc_calloc(count, size);
}
void *malloc(size_t size) {
  if (store_loaders)
    last_stored = stack_store(STACK_HERE(), true);
  return __libc_malloc(size);
}

static void expect_both_agree(uintptr_t pc) {
  struct module by_loader, by_table;
  EXPECT(module_find(pc, &by_loader));
  EXPECT(module_table_find(pc, &by_table));
  EXPECT_EQUAL(by_loader.frames, by_table.frames);
  EXPECT_EQUAL(by_loader.start, by_table.start);
  EXPECT(pc >= by_table.start && pc < by_table.end);
  EXPECT_EQUAL(align_up(by_loader.end, 4096), align_up(by_table.end, 4096));
  EXPECT(by_table.frames != 0);
}

static void tables(void) {
  expect_both_agree((uintptr_t)tables);
  expect_both_agree((uintptr_t)dlsym(RTLD_NEXT, "qsort"));
  expect_both_agree(getauxval(AT_BASE) + 0x2000);
  uintptr_t kernels = getauxval(AT_SYSINFO_EHDR);
  if (kernels != 0)
    expect_both_agree(kernels + 0x10);
  struct module module;
  uintptr_t outside[] = {0, 1, 4095, (uintptr_t)&module, (uintptr_t)malloc(100), (uintptr_t)1 << 46, UINTPTR_MAX};
  for (size_t i = 0; i < ARRAY_LENGTH(outside); i++) {
    EXPECT(!module_table_find(outside[i], &module));
    EXPECT(!module_find(outside[i], &module));
  }
  /* A child makes the table anew. */
  pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    EXPECT(!module_table_find(4095, &module));
    EXPECT(module_table_find((uintptr_t)tables, &module));
    _exit(0);
  }
  int status;
  EXPECT(waitpid(child, &status, 0) == child && status == 0);
}

static uintptr_t frame_in_plugin;
static const char *now;
static bool look_elsewhere;

static __attribute__((noinline)) void compare_stack(void) {
  struct frame_list wanted;
  uintptr_t got[COMPARE_FRAMES];
  frame_list_by_libgcc(&wanted);
  size_t count = stack_unwind(STACK_HERE(), got, COMPARE_FRAMES, NULL);
  frame_lists_expect_equal(now, got, count, wanted.frames + 1, wanted.count - 1);
  frame_in_plugin = got[0];
}

/* Returns where the call stands in the plugin. */
static uintptr_t run_plugin(const char *path, bool keep, void **handle) {
  now = path;
  *handle = dlopen(path, RTLD_NOW);
  EXPECT(*handle != NULL);
  void (*enter)(void (*)(void)) = (void (*)(void (*)(void)))(uintptr_t)dlsym(*handle, "enter");
  EXPECT(enter != NULL);
  struct module module;
  EXPECT(module_find((uintptr_t)enter, &module));
  if (look_elsewhere) {
    static uintptr_t places; /* never the same one */
    uintptr_t frame;
    stack_unwind((struct stack_place){module.start + 64 + ++places, (uintptr_t)&frame, 0}, &frame, 1, NULL);
  }
  enter(compare_stack);
  if (!module_table_forced)
    expect_both_agree((uintptr_t)enter);
  if (!keep)
    dlclose(*handle);
  return frame_in_plugin;
}

static bool stopped; /* atomic */

static __attribute__((noinline)) int deep(int depth) {
  if (depth > 0)
    return deep(depth - 1) + depth;
  struct frame_list wanted;
  uintptr_t got[COMPARE_FRAMES];
  frame_list_by_libgcc(&wanted);
  size_t count = stack_unwind(STACK_HERE(), got, COMPARE_FRAMES, NULL);
  frame_lists_expect_equal("meanwhile", got + 1, count - 1, wanted.frames + 2, wanted.count - 2);
  return (int)count;
}

static void *walk_meanwhile(void *argument) {
  while (!__atomic_load_n(&stopped, __ATOMIC_RELAXED))
    for (int depth = 1; depth < 30; depth++)
      deep(depth);
  return argument;
}

int main(int count, char **arguments) {
  EXPECT(count >= 3);
  bool table = count > 3 && strcmp(arguments[3], "table") == 0;
  look_elsewhere = count > 3 && strcmp(arguments[3], "silent") == 0;
  stack_start();
  if (!table)
    tables();
  module_table_forced = table;
  store_loaders = !table && !look_elsewhere;
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    EXPECT(pthread_create(&threads[i], NULL, walk_meanwhile, NULL) == 0);
  unsigned same_place = 0;
  for (int time = 0; time < 40; time++) {
    void *handle;
    uintptr_t first = run_plugin(arguments[1], false, &handle);
    if (table)
      stack_forget_modules();
    uintptr_t second = run_plugin(arguments[2], time % 4 == 3, &handle);
    same_place += first == second;
    if (table)
      stack_forget_modules();
    if (time % 4 == 3)
      dlclose(handle);
  }
  __atomic_store_n(&stopped, true, __ATOMIC_RELAXED);
  for (int i = 0; i < THREADS; i++)
    EXPECT(pthread_join(threads[i], NULL) == 0);
  EXPECT(!store_loaders || last_stored != 0);
  printf("%u of 40 times at the same address\n", same_place);
  /* Else nothing was tested. */
  return same_place > 0 ? 0 : 1;
}
