/*
 * calls_test.c: does each wrapper of a libc function ask for exactly the bytes the call touches, and give what the
 * real function gives? A function of the table that no test here calls is a failure too.
 */
#include "calls_test.h"

#include <dlfcn.h>
#include <pthread.h>

/* The list of what is wrapped; api/calls.h is not for programs of this kind. */
struct call {
  const char *name;
  void *real;
};
const struct call *calls_at(size_t number);

/* ---- Which names were called ---- */

enum { NAMES_MOST = 1024 };
static const char *called[NAMES_MOST];
static size_t called_count;

void note_called(const char *name) {
  EXPECT(called_count < NAMES_MOST);
  called[called_count++] = name;
}

static bool was_called(const char *name) {
  for (size_t i = 0; i < called_count; i++)
    if (strcmp(called[i], name) == 0)
      return true;
  return false;
}

/* ---- What was asked ---- */

static void print_effects(const char *head, const struct effect *effects, size_t count) {
  static const char *const kinds[] = {"none",   "read",    "carry",   "write",
                                      "string", "overlap", "release", "release all"};
  for (size_t i = 0; i < count; i++)
    fprintf(stderr, "  %s: %s %p %zu\n", head, kinds[effects[i].kind], effects[i].address, effects[i].bytes);
}

void expect_effects(const char *file, int line, const char *name, const struct effect *wanted, size_t count) {
  bool same = fake.count == count;
  for (size_t i = 0; same && i < count; i++)
    same = fake.effects[i].kind == wanted[i].kind && fake.effects[i].address == wanted[i].address &&
           fake.effects[i].bytes == wanted[i].bytes;
  if (same)
    return;
  fprintf(stderr, "%s:%d: %s touches something else than it should\n", file, line, name);
  print_effects("asked", fake.effects, fake.count);
  print_effects("wanted", wanted, count);
  exit(1);
}

void expect_caller(const char *file, int line, const char *name) {
  if (fake.call != NULL && strcmp(fake.call, name) != 0) {
    fprintf(stderr, "%s:%d: %s says it is %s\n", file, line, name, fake.call);
    exit(1);
  }
}

char *text(const char *string) {
  char *object = fake_object(strlen(string) + 1);
  return strcpy(object, string);
}
char *bytes(const char *string) {
  char *object = fake_object(strlen(string));
  return memcpy(object, string, strlen(string));
}
wchar_t *wide_text(const wchar_t *string) {
  wchar_t *object = fake_object((wcslen(string) + 1) * sizeof *string);
  return wcscpy(object, string);
}

static int quiet_output = -1, kept_output = -1;
void output_off(void) {
  fflush(stdout);
  kept_output = dup(STDOUT_FILENO);
  quiet_output = open("/dev/null", O_WRONLY);
  dup2(quiet_output, STDOUT_FILENO);
}
void output_on(void) {
  fflush(stdout);
  dup2(kept_output, STDOUT_FILENO);
  close(kept_output);
  close(quiet_output);
}

int file_of(const char *content) {
  char path[] = "/tmp/freehold-calls-XXXXXX";
  int fd = mkstemp(path);
  EXPECT(fd >= 0 && unlink(path) == 0);
  EXPECT_EQUAL(write(fd, content, strlen(content)), strlen(content));
  lseek(fd, 0, SEEK_SET);
  return fd;
}

/* ---- All of them ---- */

/* The reports' stacks begin in the program. */
__attribute__((noinline)) static void test_place(void) {
  extern __typeof__(memset) call_memset;
  extern __typeof__(snprintf) call_snprintf;
  extern __typeof__(read) call_read;
  char *object = fake_object(16);
  Dl_info info;
#define COMES_FROM_HERE(call)                                                                                        \
  fake_forget();                                                                                                     \
  call;                                                                                                              \
  EXPECT(fake.pc > (uintptr_t)test_place && fake.pc < (uintptr_t)test_place + 4096 &&                                \
         dladdr((void *)fake.pc, &info) != 0)
  COMES_FROM_HERE(call_memset(object, 0, 16));
  COMES_FROM_HERE(call_snprintf(object, 16, "%d", 1));
  COMES_FROM_HERE(call_read(open("/dev/zero", O_RDONLY), object, 16));
}

/* A thread that waits in read can be cancelled. */
static void *wait_for_input(void *end) {
  extern __typeof__(read) call_read;
  call_read(*(int *)end, fake_object(4), 4);
  return NULL;
}

static void test_cancellation(void) {
  int ends[2];
  EXPECT_EQUAL(pipe(ends), 0);
  pthread_t thread;
  void *result;
  EXPECT_EQUAL(pthread_create(&thread, NULL, wait_for_input, &ends[0]), 0);
  EXPECT_EQUAL(pthread_cancel(thread), 0);
  EXPECT_EQUAL(pthread_join(thread, &result), 0);
  EXPECT(result == PTHREAD_CANCELED);
  close(ends[0]);
  close(ends[1]);
}

/* What must not be tried on a machine that is used, or is called like one above, with the same body. */
static const char *const not_called[] = {"chroot",  "acct",   "mount",      "umount",
                                         "umount2", "swapon", "pivot_root", "setgroups"};

static void test_all_were_called(void) {
  size_t missed = 0, all = 0;
  const struct call *call;
  for (; (call = calls_at(all)) != NULL; all++) {
    bool known = was_called(call->name) || dlsym(RTLD_DEFAULT, call->name) == NULL;
    for (size_t i = 0; i < ARRAY_COUNT(not_called); i++)
      known |= strcmp(not_called[i], call->name) == 0;
    if (!known) {
      fprintf(stderr, "no test calls %s\n", call->name);
      missed++;
    }
  }
  EXPECT_EQUAL(missed, 0);
  EXPECT(all > 300);
}

int main(int count, char **arguments) {
  if (count == 2 && strcmp(arguments[1], "names") == 0) {
    const struct call *call;
    for (size_t i = 0; (call = calls_at(i)) != NULL; i++)
      puts(call->name);
    return 0;
  }
  test_memory();
  test_strings();
  test_numbers();
  test_wide();
  test_print();
  test_scan();
  test_files();
  test_descriptors();
  test_guards();
  test_sockets();
  test_waiting();
  test_paths();
  test_system();
  test_programs();
  test_place();
  test_cancellation();
  test_all_were_called();
  return 0;
}
