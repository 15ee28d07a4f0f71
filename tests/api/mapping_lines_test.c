/* The reader of /proc/self/maps: the same lines through buffers of any size, and nothing of what is no line. */
#include "expect.h"
#include "space/mapping.h"
#include "space/mapping_lines.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINES_MOST = 4096 };

struct lines {
  size_t count, most;
  struct mapping_line all[LINES_MOST];
  char tails[LINES_MOST][16]; /* of the paths: how they end */
};

static bool take(void *context, const struct mapping_line *line) {
  struct lines *lines = context;
  EXPECT(lines->count < LINES_MOST);
  size_t length = (size_t)(line->path_end - line->path), kept = length < 15 ? length : 15;
  memset(lines->tails[lines->count], 0, sizeof lines->tails[0]);
  memcpy(lines->tails[lines->count], line->path_end - kept, kept);
  lines->all[lines->count++] = *line;
  return lines->count < lines->most;
}

static struct lines *read_through(size_t bytes) {
  struct lines *lines = fh_calloc(1, sizeof *lines);
  char *buffer = fh_malloc(bytes);
  EXPECT(lines && buffer);
  lines->most = LINES_MOST;
  EXPECT(mapping_lines(take, lines, buffer, bytes));
  fh_free(buffer);
  return lines;
}

/* A file whose path takes several buffers; 0 where it can't be made. */
static uintptr_t map_deep_file(char *path, size_t room) {
  snprintf(path, room, "/tmp/freehold-maps-%d", (int)getpid());
  EXPECT_EQUAL(mkdir(path, 0700), 0);
  for (int i = 0; i < 12; i++) {
    size_t length = strlen(path);
    snprintf(path + length, room - length, "/%0150d", i);
    EXPECT_EQUAL(mkdir(path, 0700), 0);
  }
  strcat(path, "/the-file");
  int file = open(path, O_RDWR | O_CREAT, 0600);
  EXPECT(file >= 0 && ftruncate(file, 8192) == 0);
  void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 4096);
  EXPECT(at != MAP_FAILED);
  close(file);
  return (uintptr_t)at;
}

static void remove_deep_file(char *path) {
  unlink(path);
  for (char *slash; (slash = strrchr(path, '/')) != path && strcmp(path, "/tmp") != 0;) {
    *slash = '\0';
    if (strcmp(path, "/tmp") != 0)
      EXPECT_EQUAL(rmdir(path), 0);
  }
}

static void test_sizes(void) {
  static char path[4096];
  uintptr_t deep = map_deep_file(path, sizeof path);
  /* What is allocated for the reading is there before. */
  fh_free(read_through(1 << 20));
  struct lines *whole = read_through(1 << 20);
  size_t found = 0;
  for (size_t i = 0; i < whole->count; i++)
    if (whole->all[i].start == deep) {
      found++;
      EXPECT(whole->all[i].file_offset == 4096 && whole->all[i].shared && whole->all[i].readable &&
             !whole->all[i].writable && !whole->all[i].executable && whole->all[i].file != 0);
      EXPECT(strcmp(whole->tails[i] + 6, "/the-file") == 0);
    }
  EXPECT_EQUAL(found, 1);
  for (size_t bytes = 128; bytes < 10000; bytes += 1 + bytes / 3) {
    struct lines *lines = read_through(bytes);
    size_t at = 0; /* the heap may have come by a mapping meanwhile */
    for (size_t i = 0; i < whole->count; i++) {
      while (at < lines->count && lines->all[at].start < whole->all[i].start)
        at++;
      EXPECT(at < lines->count);
      EXPECT_EQUAL(lines->all[at].start, whole->all[i].start);
      EXPECT_EQUAL(lines->all[at].file, whole->all[i].file);
      EXPECT_EQUAL(lines->all[at].file_offset, whole->all[i].file_offset);
      if (bytes > 6000)
        EXPECT(strcmp(lines->tails[at], whole->tails[i]) == 0);
    }
    fh_free(lines);
  }
  struct mapping mapping = mapping_find(deep + 17);
  EXPECT(mapping.found && mapping.start == deep && strcmp(mapping.permissions, "r--s") == 0);
  EXPECT(strlen(mapping.name) == sizeof mapping.name - 1 &&
         strncmp(mapping.name, path, sizeof mapping.name - 1) == 0);
  /* It may be ended. */
  char buffer[256];
  whole->count = 0;
  whole->most = 3;
  EXPECT(mapping_lines(take, whole, buffer, sizeof buffer));
  EXPECT_EQUAL(whole->count, 3);
  fh_free(whole);
  munmap((void *)deep, 4096);
  remove_deep_file(path);
}

static bool parses(const char *line, struct mapping_line *mapping) {
  return mapping_line_parse(line, line + strlen(line), mapping);
}

static void test_lines(void) {
  struct mapping_line line;
  EXPECT(parses("7f00-7f10 rwxp 00001000 fe:01 99                         /a b\\012c (deleted)", &line));
  EXPECT(line.start == 0x7f00 && line.end == 0x7f10 && line.file_offset == 0x1000 && line.file != 0);
  EXPECT(line.readable && line.writable && line.executable && !line.shared);
  EXPECT(strcmp(line.path, "/a b\\012c (deleted)") == 0);
  EXPECT(parses("7f00-7f10 ---s 00000000 00:00 0 ", &line));
  EXPECT(!line.readable && !line.writable && !line.executable && line.shared && line.file == 0);
  EXPECT(line.path == line.path_end);
  EXPECT(parses("7f00-7f10 ---p 00000000 00:00 0", &line));
  /* Every line that is cut short is none, up to where nothing is missing but the inode. */
  static const char whole[] = "7f00-7f10 rw-p 00001000 fe:01 99";
  for (size_t length = 0; length < sizeof whole - 3; length++)
    EXPECT(!mapping_line_parse(whole, whole + length, &line));
  EXPECT(!parses("not a line of it at all, but long enough", &line));
}

int main(void) {
  test_lines();
  test_sizes();
  puts("ok");
  return 0;
}
