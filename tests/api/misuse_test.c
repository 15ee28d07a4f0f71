/*
 * Runs misuse_victim once for each misuse under the library and reads its message.
 *
 *   misuse_test VICTIM LIBRARY|- [NAME]
 *
 * With - the library is part of the victim.
 *
 * Each must end by SIGABRT with a message on standard error that names the call, the address and what the address
 * is; with FREEHOLD=on_misuse=report the program must go on after the same message; its clean twin must be silent.
 */
#include "expect.h"

#include <signal.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* What the message must say: the call, and one of the words. */
static const struct {
  const char *name;
  const char *call;
  const char *words[4];
} misuses[] = {
    {"free_stack", "free", {"stack"}},
    {"free_global", "free", {"data", "global"}},
    {"free_literal", "free", {"data", "constant", "code"}},
    {"free_code", "free", {"code", "function"}},
    {"free_interior_small", "free", {"inside an object", "inside"}},
    {"free_interior_misaligned", "free", {"inside an object", "inside"}},
    {"free_interior_large", "free", {"inside an object", "inside"}},
    {"free_past_the_end", "free", {"never allocated", "inside", "already free", "not"}},
    {"free_twice_small", "free", {"already free"}},
    {"free_twice_later", "free", {"already free"}},
    {"free_twice_medium", "free", {"already free"}},
    {"free_twice_large", "free", {"already free", "never allocated"}},
    {"free_twice_overwritten", "free", {"already free"}},
    {"free_twice_other_thread", "free", {"already free"}},
    {"free_twice_both_other_threads", "free", {"already free"}},
    {"free_twice_remote_then_own", "free", {"already free"}},
    {"free_twice_large_other_thread", "free", {"already free", "never allocated"}},
    {"free_twice_owner_ended", "free", {"already free"}},
    {"free_wild", "free", {"never allocated", "not mapped", "nothing"}},
    {"free_small_number", "free", {"small number", "never allocated"}},
    {"free_not_canonical", "free", {"never allocated", "not mapped", "nothing", "not an address"}},
    {"free_foreign_mapping", "free", {"never allocated", "mapping", "mmap"}},
    {"free_never_allocated", "free", {"never allocated"}},
    {"realloc_freed", "realloc", {"already free"}},
    {"realloc_stack", "realloc", {"stack"}},
    {"realloc_interior", "realloc", {"inside"}},
    {"usable_size_freed", "malloc_usable_size", {"already free"}},
    {"free_sized_too_large", "free_sized", {"size", "bytes"}},
    {"heap_free_of_other_heap", "fh_heap_free", {"another heap", "other heap", "heap"}},
    {"heap_free_of_process_heap", "fh_heap_free", {"another heap", "other heap", "heap"}},
};

struct outcome {
  int status;
  char out[4096];
  char err[16384];
};

static size_t take(int fd, char *text, size_t room) {
  size_t length = 0;
  ssize_t got;
  while (length < room - 1 && (got = read(fd, text + length, room - 1 - length)) > 0)
    length += (size_t)got;
  text[length] = 0;
  return length;
}

static void run(const char *victim, const char *library, const char *name, const char *options, const char *mode,
                struct outcome *outcome) {
  int out[2], err[2];
  EXPECT(pipe(out) == 0 && pipe(err) == 0);
  pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    struct rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    dup2(out[1], STDOUT_FILENO);
    dup2(err[1], STDERR_FILENO);
    close(out[0]), close(out[1]), close(err[0]), close(err[1]);
    if (strcmp(library, "-") != 0)
      setenv("LD_PRELOAD", library, 1);
    if (options)
      setenv("FREEHOLD", options, 1);
    else
      unsetenv("FREEHOLD");
    alarm(60);
    execl(victim, victim, name, mode, (char *)NULL);
    _exit(127);
  }
  close(out[1]), close(err[1]);
  take(out[0], outcome->out, sizeof outcome->out);
  take(err[0], outcome->err, sizeof outcome->err);
  close(out[0]), close(err[0]);
  EXPECT_EQUAL(waitpid(child, &outcome->status, 0), child);
}

static int failures;

static void complain(const char *name, const char *what, const struct outcome *outcome) {
  failures++;
  printf("FAIL %s: %s; status 0x%x\n  out: %s  err: %s\n", name, what, (unsigned)outcome->status, outcome->out,
         outcome->err);
}

/* The message must name the call, the address in hex and one of the words. */
static void check_message(size_t index, const struct outcome *outcome) {
  const char *name = misuses[index].name;
  if (!strstr(outcome->err, misuses[index].call))
    complain(name, "the message does not name the call", outcome);
  char address[32];
  if (sscanf(outcome->out, "pointer %31s", address) != 1)
    complain(name, "the program did not say which pointer", outcome);
  else if (!strcasestr(outcome->err, address))
    complain(name, "the message does not show the address", outcome);
  bool found = false;
  for (int i = 0; i < 4 && misuses[index].words[i]; i++)
    found |= strcasestr(outcome->err, misuses[index].words[i]) != NULL;
  if (!found)
    complain(name, "the message does not say what the address is", outcome);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fputs("misuse_test VICTIM LIBRARY [NAME]\n", stderr);
    return 2;
  }
  static struct outcome outcome;
  int count = 0;
  for (size_t i = 0; i < sizeof misuses / sizeof misuses[0]; i++) {
    const char *name = misuses[i].name;
    if (argc > 3 && strcmp(argv[3], name) != 0)
      continue;
    count++;
    run(argv[1], argv[2], name, NULL, "misuse", &outcome);
    if (!WIFSIGNALED(outcome.status) || WTERMSIG(outcome.status) != SIGABRT)
      complain(name, "did not end by SIGABRT", &outcome);
    check_message(i, &outcome);

    run(argv[1], argv[2], name, "on_misuse=report", "misuse", &outcome);
    if (!WIFEXITED(outcome.status) || WEXITSTATUS(outcome.status) != 0 || !strstr(outcome.out, "went on"))
      complain(name, "did not go on under on_misuse=report", &outcome);
    check_message(i, &outcome);

    run(argv[1], argv[2], name, NULL, "clean", &outcome);
    if (!WIFEXITED(outcome.status) || WEXITSTATUS(outcome.status) != 0 || outcome.err[0] != 0)
      complain(name, "the clean twin was not silent", &outcome);
  }
  printf("%d misuses, %d failures\n", count, failures);
  return failures != 0 || count == 0;
}
