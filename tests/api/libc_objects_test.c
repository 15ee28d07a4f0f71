/* What the C library allocates for its caller comes from this heap and goes back to it: the caller frees it, asks for
 * its usable size, reallocs it. */
#include "expect.h"

#include <dirent.h>
#include <dlfcn.h>
#include <glob.h>
#include <locale.h>
#include <netdb.h>
#include <regex.h>
#include <search.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <time.h>
#include <wchar.h>

static void take_and_free(void *object, size_t least) {
  EXPECT(object);
  EXPECT(malloc_usable_size(object) >= least);
  object = realloc(object, least + 1000);
  EXPECT(object);
  free(object);
}

static char *print_allocated(const char *format, ...) {
  char *text = NULL;
  va_list arguments;
  va_start(arguments, format);
  int length = vasprintf(&text, format, arguments);
  va_end(arguments);
  EXPECT(length >= 0);
  return text;
}

static int compare_strings(const void *left, const void *right) {
  return strcmp((const char *)left, (const char *)right);
}

static int only_dots(const struct dirent *entry) {
  return entry->d_name[0] == '.';
}

int main(void) {
#ifdef TEST_PRELOADED
  EXPECT(dlsym(RTLD_DEFAULT, "fh_version") != NULL);
#else
  EXPECT(fh_version() != NULL);
#endif
  for (int round = 0; round < 50; round++) {
    take_and_free(strdup("a string"), 9);
    take_and_free(strndup("a string", 3), 4);
    take_and_free(wcsdup(L"wide"), 5 * sizeof(wchar_t));
    take_and_free(realpath("/proc/../proc/self/..", NULL), 6);
    take_and_free(getcwd(NULL, 0), 2);
#ifdef __GLIBC__
    take_and_free(canonicalize_file_name("/usr"), 5);
#endif

    char *text = NULL;
    EXPECT_EQUAL(asprintf(&text, "%d %s", 42, "forty-two"), 12);
    EXPECT(strcmp(text, "42 forty-two") == 0);
    take_and_free(text, 13);
    take_and_free(print_allocated("%0300d", 7), 301);

    /* getline grows what it is given. */
    FILE *stream = fopen("/proc/self/status", "r");
    EXPECT(stream);
    char *line = malloc(1);
    size_t capacity = 1;
    int lines = 0;
    while (getline(&line, &capacity, stream) > 0)
      lines++;
    EXPECT(lines > 10 && capacity > 10);
    EXPECT(malloc_usable_size(line) >= capacity);
    free(line);
    line = NULL;
    capacity = 0;
    rewind(stream);
    EXPECT(getdelim(&line, &capacity, ':', stream) > 0);
    take_and_free(line, capacity);
    fclose(stream);

    size_t length = 0;
    stream = open_memstream(&text, &length);
    EXPECT(stream);
    for (int i = 0; i < 10000; i++)
      fprintf(stream, "%d,", i);
    EXPECT_EQUAL(fclose(stream), 0);
    EXPECT(length == strlen(text));
    take_and_free(text, length + 1);
    wchar_t *wide = NULL;
    stream = open_wmemstream(&wide, &length);
    EXPECT(stream);
    fputws(L"wide text", stream);
    EXPECT_EQUAL(fclose(stream), 0);
    take_and_free(wide, (length + 1) * sizeof(wchar_t));
    stream = fmemopen(NULL, 1000, "w+");
    EXPECT(stream);
    fputs("text", stream);
    fclose(stream);

    EXPECT_EQUAL(sscanf("word", "%ms", &text), 1);
    take_and_free(text, 5);

    struct dirent **entries = NULL;
    int count = scandir("/", &entries, only_dots, alphasort);
    EXPECT(count >= 2);
    for (int i = 0; i < count; i++)
      free(entries[i]);
    take_and_free(entries, (size_t)count * sizeof *entries);

    glob_t paths;
    EXPECT_EQUAL(glob("/proc/self/m*", 0, NULL, &paths), 0);
    globfree(&paths);
    regex_t expression;
    EXPECT_EQUAL(regcomp(&expression, "(a|b)*c{1,30}[[:digit:]]+", REG_EXTENDED), 0);
    EXPECT_EQUAL(regexec(&expression, "abac7", 0, NULL, 0), 0);
    regfree(&expression);

    void *tree = NULL;
    static const char words[][8] = {"one", "two", "three", "four"};
    for (int i = 0; i < 4; i++)
      EXPECT(tsearch(words[i], &tree, compare_strings));
    for (int i = 0; i < 4; i++)
      EXPECT(tdelete(words[i], &tree, compare_strings));

    EXPECT_EQUAL(setenv("FREEHOLD_TEST_VARIABLE", "some value", 1), 0);
    EXPECT_EQUAL(unsetenv("FREEHOLD_TEST_VARIABLE"), 0);
    locale_t locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (locale)
      freelocale(locale);
    DIR *directory = opendir("/");
    EXPECT(directory);
    closedir(directory);
    stream = popen("true", "r");
    EXPECT(stream);
    pclose(stream);
  }
  puts("ok");
  return 0;
}
