/*
 * A C program under the library. No C++ runtime may have come along; then it loads a C++ plug-in, given as the first
 * argument, whose failed allocations must throw; without an argument, a failed operator new must say so and abort.
 */
#include "expect.h"

#include <dlfcn.h>
#include <signal.h>
#include <sys/wait.h>

static void expect_no_cxx_runtime(void) {
  FILE *maps = fopen("/proc/self/maps", "r");
  EXPECT(maps);
  char *line = NULL;
  size_t capacity = 0;
  while (getline(&line, &capacity, maps) > 0)
    EXPECT(!strstr(line, "libstdc++") && !strstr(line, "libc++"));
  free(line);
  fclose(maps);
}

static void expect_clean_abort(void) {
  void *(*operator_new)(size_t) = (void *(*)(size_t))(uintptr_t)dlsym(RTLD_DEFAULT, "_Znwm");
  void (*operator_delete)(void *) = (void (*)(void *))(uintptr_t)dlsym(RTLD_DEFAULT, "_ZdlPv");
  EXPECT(operator_new && operator_delete);
  operator_delete(operator_new(100));
  int ends[2];
  EXPECT_EQUAL(pipe(ends), 0);
  pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    operator_new(opaque_size((size_t)1 << 61));
    _exit(0);
  }
  close(ends[1]);
  char text[1000] = "";
  ssize_t got = read(ends[0], text, sizeof text - 1);
  EXPECT(got > 0);
  EXPECT(strstr(text, "operator new") != NULL);
  int status;
  EXPECT_EQUAL(waitpid(child, &status, 0), child);
  EXPECT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(int argc, char **argv) {
  EXPECT(dlsym(RTLD_DEFAULT, "fh_version") != NULL);
  expect_no_cxx_runtime();
  expect_clean_abort();
  if (argc > 1) {
    void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    if (!plugin)
      fputs(dlerror(), stderr);
    EXPECT(plugin);
    int (*run)(size_t) = (int (*)(size_t))(uintptr_t)dlsym(plugin, "run_cxx_plugin");
    EXPECT(run);
    EXPECT_EQUAL(run((size_t)1 << 61), 0);
    dlclose(plugin);
  }
  puts("ok");
  return 0;
}
