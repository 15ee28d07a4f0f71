/* The names of <malloc.h> that tell about the heap: mallinfo, mallinfo2, malloc_info, malloc_stats, mallopt. Programs
 * call them to print or to decide; what matters is that they work, agree with each other and parse. */
#include "expect.h"

#include <ctype.h>
#include <dlfcn.h>
#include <sys/wait.h>

/* A checker for the little XML that malloc_info may write: elements that nest and close, attributes in quotes, text,
 * one root. Returns the number of elements, 0 when the text is not well-formed. */
static int xml_elements(const char *at) {
  const char *open_names[64];
  size_t open_lengths[64];
  int depth = 0, elements = 0, roots = 0;
  while (*at) {
    if (*at != '<') {
      if ((depth == 0 && !isspace((unsigned char)*at)) || *at == '>')
        return 0;
      at++;
      continue;
    }
    at++;
    if (*at == '?') {
      at = strstr(at, "?>");
      if (!at)
        return 0;
      at += 2;
      continue;
    }
    bool closing = *at == '/';
    if (closing)
      at++;
    const char *name = at;
    while (isalnum((unsigned char)*at) || *at == '-' || *at == '_')
      at++;
    size_t length = (size_t)(at - name);
    if (length == 0)
      return 0;
    while (*at && *at != '>' && *at != '/') {
      if (isspace((unsigned char)*at)) {
        at++;
        continue;
      }
      while (isalnum((unsigned char)*at) || *at == '-' || *at == '_')
        at++;
      if (*at++ != '=' || *at++ != '"')
        return 0;
      at = strchr(at, '"');
      if (!at)
        return 0;
      at++;
    }
    bool empty = *at == '/';
    if (empty)
      at++;
    if (*at++ != '>')
      return 0;
    if (closing) {
      if (depth == 0 || open_lengths[depth - 1] != length || memcmp(open_names[depth - 1], name, length) != 0)
        return 0;
      depth--;
    } else {
      elements++;
      if (depth == 0)
        roots++;
      if (!empty) {
        if (depth == 64)
          return 0;
        open_names[depth] = name;
        open_lengths[depth++] = length;
      }
    }
  }
  return depth == 0 && roots == 1 ? elements : 0;
}

static void test_the_checker(void) {
  EXPECT_EQUAL(xml_elements("<a><b c=\"1\"/>x</a>\n"), 2);
  EXPECT_EQUAL(xml_elements("<a><b></a></b>"), 0);
  EXPECT_EQUAL(xml_elements("<a>"), 0);
  EXPECT_EQUAL(xml_elements("<a b=1/>"), 0);
}

static void test_malloc_info(void) {
  char *text = NULL;
  size_t length = 0;
  FILE *stream = open_memstream(&text, &length);
  EXPECT(stream);
  EXPECT_EQUAL(malloc_info(0, stream), 0);
  EXPECT_EQUAL(fclose(stream), 0);
  EXPECT(length > 0);
  if (xml_elements(text) == 0)
    fputs(text, stderr);
  EXPECT(xml_elements(text) > 0);
  EXPECT(strstr(text, "<malloc") != NULL);
  free(text);
  /* Options other than 0 are invalid (malloc_info(3)). */
  errno = 0;
  EXPECT(malloc_info(1, stdout) != 0);
  EXPECT_EQUAL(errno, EINVAL);
}

static void test_mallinfo(void) {
  enum { COUNT = 1000, SIZE = 10000 };
  static void *objects[COUNT];
  struct mallinfo2 before = mallinfo2();
  for (int i = 0; i < COUNT; i++) {
    objects[i] = malloc(SIZE);
    EXPECT(objects[i]);
    memset(objects[i], 1, SIZE);
  }
  struct mallinfo2 during = mallinfo2();
  EXPECT(during.uordblks >= before.uordblks + (size_t)COUNT * SIZE);
  EXPECT(during.uordblks <= before.uordblks + (size_t)COUNT * SIZE * 2);
  EXPECT(during.arena + during.hblkhd >= during.uordblks);
  for (int i = 0; i < COUNT; i++)
    free(objects[i]);
  struct mallinfo2 after = mallinfo2();
  EXPECT(after.uordblks < during.uordblks - (size_t)COUNT * SIZE / 2);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  struct mallinfo old = mallinfo();
#pragma GCC diagnostic pop
  EXPECT_EQUAL((size_t)old.uordblks, after.uordblks);
}

static void test_malloc_stats(void) {
  /* It writes to standard error (malloc_stats(3)); take that in a child. */
  int ends[2];
  EXPECT_EQUAL(pipe(ends), 0);
  pid_t child = fork();
  EXPECT(child >= 0);
  if (child == 0) {
    dup2(ends[1], STDERR_FILENO);
    malloc_stats();
    fflush(stderr);
    _exit(0);
  }
  close(ends[1]);
  char text[4096];
  ssize_t got = read(ends[0], text, sizeof text);
  EXPECT(got > 0);
  close(ends[0]);
  int status;
  EXPECT_EQUAL(waitpid(child, &status, 0), child);
  EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void) {
#ifdef TEST_PRELOADED
  EXPECT(dlsym(RTLD_DEFAULT, "fh_version") != NULL);
#else
  EXPECT(fh_version() != NULL);
#endif
  test_the_checker();
  test_malloc_info();
  test_mallinfo();
  test_malloc_stats();
  /* 1 is success, 0 is failure; programs ignore it. A known and an unknown parameter. */
  int known = mallopt(M_MMAP_THRESHOLD, 1 << 20);
  EXPECT(known == 0 || known == 1);
  int unknown = mallopt(-12345, 1);
  EXPECT(unknown == 0 || unknown == 1);
  int trimmed = malloc_trim(0);
  EXPECT(trimmed == 0 || trimmed == 1);
  puts("ok");
  return 0;
}
