/* figures.h: reads this process's own accounts as a program would: fh_accounts_print, then the JSON. Uses no heap. */
#ifndef FREEHOLD_TESTS_FIGURES_H
#define FREEHOLD_TESTS_FIGURES_H

#include "expect.h"

#include <sys/mman.h>

struct figures {
  size_t length;
  char text[65536];
};

static inline void figures_take(struct figures *figures) {
  int fd = memfd_create("accounts", 0);
  EXPECT(fd >= 0);
  EXPECT_EQUAL(fh_accounts_print(fd, FH_FORMAT_JSON), 0);
  ssize_t got = pread(fd, figures->text, sizeof figures->text - 1, 0);
  EXPECT(got > 0);
  close(fd);
  figures->length = (size_t)got;
  figures->text[got] = 0;
}

/* The number after "name": at or after `from`. */
static inline uint64_t figures_number_at(const char *from, const char *name) {
  char key[64];
  snprintf(key, sizeof key, "\"%s\":", name);
  const char *at = strstr(from, key);
  EXPECT(at);
  return strtoull(at + strlen(key), NULL, 10);
}

/* A total: they stand before the classes. */
static inline uint64_t figures_total(const struct figures *figures, const char *name) {
  return figures_number_at(figures->text, name);
}

#endif
