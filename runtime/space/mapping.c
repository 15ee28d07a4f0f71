#include "space/mapping.h"
#include "space/kernel.h"

#include <string.h>

static uint64_t parse_hex(const char **at) {
  uint64_t value = 0;
  for (;; (*at)++) {
    char digit = **at;
    if (digit >= '0' && digit <= '9')
      value = value * 16 + (uint64_t)(digit - '0');
    else if (digit >= 'a' && digit <= 'f')
      value = value * 16 + (uint64_t)(digit - 'a' + 10);
    else
      return value;
  }
}

/* One line: "start-end perms offset device inode   name". */
static void parse_line(const char *line, struct mapping *mapping) {
  const char *at = line;
  *mapping = (struct mapping){.found = true};
  mapping->start = parse_hex(&at);
  at++;
  mapping->end = parse_hex(&at);
  memcpy(mapping->permissions, at + 1, 4);
  at += 6;
  mapping->file_offset = parse_hex(&at);
  for (int field = 0; field < 2; field++) { /* to behind the device */
    at = strchr(at + 1, ' ');
    if (at == NULL)
      return;
  }
  at += strspn(at, " ");
  at += strspn(at, "0123456789");
  at += strspn(at, " ");
  strncpy(mapping->name, at, sizeof mapping->name - 1);
}

void mapping_each(bool (*visit)(void *context, const struct mapping *mapping), void *context) {
  char buffer[4096 + 512];
  size_t held = 0;
  struct mapping mapping;
  long fd = kernel_open_file("/proc/self/maps");
  if (fd < 0)
    return;
  for (bool more = true; more;) {
    long got = kernel_read((int)fd, buffer + held, sizeof buffer - 1 - held);
    if (got <= 0)
      break;
    held += (size_t)got;
    buffer[held] = '\0';
    char *line = buffer;
    for (char *newline; more && (newline = strchr(line, '\n')) != NULL; line = newline + 1) {
      *newline = '\0';
      parse_line(line, &mapping);
      more = visit(context, &mapping);
    }
    held -= (size_t)(line - buffer);
    if (held == sizeof buffer - 1)
      break; /* a line longer than any path */
    memmove(buffer, line, held);
  }
  kernel_close((int)fd);
}

struct search {
  uintptr_t address;
  struct mapping found;
};

static bool look(void *context, const struct mapping *mapping) {
  struct search *search = context;
  if (search->address >= mapping->end)
    return true;
  search->found = *mapping;
  search->found.found = search->address >= mapping->start;
  return false;
}

struct mapping mapping_find(uintptr_t address) {
  struct search search = {.address = address, .found = {.found = false}};
  mapping_each(look, &search);
  return search.found;
}
