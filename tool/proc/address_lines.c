#include "tool/proc/address_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* /proc gives a page at a time, whatever is asked for. */
enum { FIRST_ROOM = 1 << 15 };
/* How many regions of others may lie between the pieces of one file. */
enum { PIECES_APART = 12 };

/* The whole of a file of /proc, ended by a NUL. 0 or an errno. */
static int read_file(const char *path, char **text, size_t *bytes) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return errno == ENOENT ? ESRCH : errno;
  size_t room = FIRST_ROOM;
  *bytes = 0;
  *text = malloc(room);
  int error = *text == NULL ? ENOMEM : 0;
  while (error == 0) {
    ssize_t got = read(file, *text + *bytes, room - *bytes - 1);
    if (got <= 0) {
      error = got < 0 ? errno : 0;
      break;
    }
    *bytes += (size_t)got;
    if (room - *bytes > room / 2)
      continue;
    char *more = realloc(*text, 2 * room);
    if (more == NULL) {
      error = ENOMEM;
      break;
    }
    *text = more;
    room *= 2;
  }
  close(file);
  if (error != 0) {
    free(*text);
    return error;
  }
  (*text)[*bytes] = '\0';
  return 0;
}

static uint64_t read_hex(const char **at) {
  uint64_t value = 0;
  for (;; ++*at) {
    char letter = **at;
    if (letter >= '0' && letter <= '9')
      value = value * 16 + (uint64_t)(letter - '0');
    else if (letter >= 'a' && letter <= 'f')
      value = value * 16 + (uint64_t)(letter - 'a' + 10);
    else
      return value;
  }
}

static bool starts_with(const char *text, const char *start) {
  return strncmp(text, start, strlen(start)) == 0;
}

static const char *skip_word(const char *at) {
  at += strcspn(at, " \n");
  return at + strspn(at, " ");
}

/* The kernel writes a newline in a path as \012, and nothing else that way (proc(5)). */
static char *copy_name(const char *from, size_t bytes) {
  char *name = malloc(bytes + 1);
  if (name == NULL)
    return NULL;
  size_t length = 0;
  for (size_t i = 0; i < bytes; i++) {
    if (bytes - i >= 4 && memcmp(from + i, "\\012", 4) == 0) {
      name[length++] = '\n';
      i += 3;
    } else {
      name[length++] = from[i];
    }
  }
  name[length] = '\0';
  return name;
}

/* Start-end permissions offset device inode name. */
static bool parse_line(const char *line, const char *end, struct address_region *out) {
  *out = (struct address_region){0};
  const char *at = line;
  out->start = read_hex(&at);
  if (*at != '-')
    return false;
  at++;
  out->end = read_hex(&at);
  if (*at != ' ' || out->end <= out->start || end - at < 6)
    return false;
  memcpy(out->permissions, at + 1, 4);
  at = skip_word(at + 1);
  out->file_offset = read_hex(&at);
  at = skip_word(at + strspn(at, " "));
  out->inode = strtoull(at, NULL, 10);
  at = skip_word(at);
  out->name = copy_name(at, at < end ? (size_t)(end - at) : 0);
  out->pages.reserved_bytes = out->end - out->start;
  return true;
}

static bool is_private(const struct address_region *region) {
  return region->permissions[3] == 'p';
}

static enum address_kind kind_of_name(const struct address_region *region) {
  static const struct {
    const char *start;
    enum address_kind kind;
  } names[] = {
      {"[stack]", ADDRESS_STACK},
      {"[heap]", ADDRESS_BREAK_HEAP},
      {"[vdso]", ADDRESS_KERNEL},
      {"[vvar", ADDRESS_KERNEL},
      {"[vsyscall]", ADDRESS_KERNEL},
      {"[uprobes]", ADDRESS_KERNEL},
      {"[sigpage]", ADDRESS_KERNEL},
      {"[vectors]", ADDRESS_KERNEL},
      {"[anon_shmem:", ADDRESS_SHARED_MEMORY},
      {"/SYSV", ADDRESS_SHARED_MEMORY},
      {"/dev/shm/", ADDRESS_SHARED_MEMORY},
      {"/memfd:", ADDRESS_SHARED_MEMORY},
      {"/dev/zero", ADDRESS_SHARED_MEMORY},
      {"/dev/hugepages/", ADDRESS_SHARED_MEMORY},
      {"/anon_hugepage", ADDRESS_ANONYMOUS},
      {"[anon:freehold:guard]", ADDRESS_HEAP_GUARDED},
      {"/dev/", ADDRESS_DEVICE},
      {"anon_inode:", ADDRESS_DEVICE},
      {"[anon:stack", ADDRESS_THREAD_STACK},
  };
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (starts_with(region->name, names[i].start))
      return names[i].kind == ADDRESS_ANONYMOUS && !is_private(region) ? ADDRESS_SHARED_MEMORY : names[i].kind;
  return ADDRESS_KIND_COUNT;
}

static enum address_kind kind_of_anonymous(const struct address_region *region) {
  if (region->permissions[0] == '-' && region->permissions[1] == '-' && region->permissions[2] == '-')
    return ADDRESS_NO_ACCESS;
  if (!is_private(region))
    return ADDRESS_SHARED_MEMORY;
  return region->permissions[2] == 'x' ? ADDRESS_GENERATED_CODE : ADDRESS_ANONYMOUS;
}

/* A file that some of is executable is a program or a library; of others the pages are just a file's. */
static enum address_kind kind_of_file(const struct address_region *region, bool is_program) {
  if (!is_program || !is_private(region))
    return ADDRESS_MAPPED_FILE;
  if (region->permissions[2] == 'x')
    return ADDRESS_CODE;
  if (region->permissions[1] == 'w')
    return ADDRESS_DATA;
  return region->permissions[0] == 'r' ? ADDRESS_READ_ONLY : ADDRESS_NO_ACCESS;
}

static bool same_file(const struct address_region *one, const struct address_region *other) {
  return one->inode != 0 && one->inode == other->inode && strcmp(one->name, other->name) == 0;
}

/* The pieces of a program lie side by side, perhaps with nameless ones between. */
static void find_kinds(struct address_regions *regions) {
  for (size_t i = 0; i < regions->count; i++) {
    struct address_region *region = &regions->all[i];
    region->kind = kind_of_name(region);
    if (region->kind != ADDRESS_KIND_COUNT)
      continue;
    if (region->inode == 0) {
      region->kind = kind_of_anonymous(region);
      continue;
    }
    if (i > 0 && same_file(region, region - 1)) {
      bool is_program = region[-1].kind != ADDRESS_MAPPED_FILE;
      region->kind = kind_of_file(region, is_program);
      continue;
    }
    bool is_program = false;
    for (size_t j = i; j < regions->count && j < i + PIECES_APART && !is_program; j++) {
      const struct address_region *piece = &regions->all[j];
      if (!same_file(piece, region) && piece->inode != 0)
        break;
      is_program = same_file(piece, region) && piece->permissions[2] == 'x' && is_private(piece);
    }
    /* The last pieces of a file whose first were seen already, with something nameless before them. */
    for (size_t j = i; j > 0 && !is_program && i - j < PIECES_APART; j--)
      is_program = same_file(&regions->all[j - 1], region) && regions->all[j - 1].kind == ADDRESS_CODE;
    region->kind = kind_of_file(region, is_program);
  }
}

static bool make_room(struct address_regions *regions) {
  if (regions->count < regions->room)
    return true;
  size_t room = regions->room == 0 ? 128 : 2 * regions->room;
  struct address_region *more = reallocarray(regions->all, room, sizeof more[0]);
  if (more == NULL)
    return false;
  regions->all = more;
  regions->room = room;
  return true;
}

bool address_lines_parse(const char *text, size_t bytes, struct address_regions *out) {
  *out = (struct address_regions){0};
  for (const char *line = text; line < text + bytes;) {
    const char *end = memchr(line, '\n', bytes - (size_t)(line - text));
    if (end == NULL)
      end = text + bytes;
    struct address_region region;
    /* The kernel may show one twice that changes while it is read. */
    bool good = parse_line(line, end, &region);
    if (good && out->count > 0 && region.start < out->all[out->count - 1].end) {
      free(region.name);
      good = false;
    }
    if (good && (region.name == NULL || !make_room(out))) {
      free(region.name);
      address_regions_free(out);
      return false;
    }
    if (good)
      out->all[out->count++] = region;
    line = end + 1;
  }
  find_kinds(out);
  return true;
}

int address_lines_read(pid_t pid, struct address_regions *out) {
  *out = (struct address_regions){0};
  char path[64], *text = NULL;
  size_t bytes = 0;
  snprintf(path, sizeof path, "/proc/%ld/maps", (long)pid);
  int error = read_file(path, &text, &bytes);
  if (error != 0)
    return error;
  error = address_lines_parse(text, bytes, out) ? 0 : ENOMEM;
  free(text);
  return error;
}

void address_regions_free(struct address_regions *regions) {
  for (size_t i = 0; i < regions->count; i++)
    free(regions->all[i].name);
  free(regions->all);
  *regions = (struct address_regions){0};
}

bool address_regions_split(struct address_regions *regions, size_t index, uint64_t address) {
  if (!make_room(regions))
    return false;
  char *name = strdup(regions->all[index].name);
  if (name == NULL)
    return false;
  memmove(&regions->all[index + 1], &regions->all[index], (regions->count - index) * sizeof regions->all[0]);
  regions->count++;
  struct address_region *first = &regions->all[index], *second = first + 1;
  second->name = name;
  if (first->inode != 0)
    second->file_offset += address - first->start;
  first->end = second->start = address;
  first->pages.reserved_bytes = first->end - first->start;
  second->pages.reserved_bytes = second->end - second->start;
  return true;
}

size_t address_regions_find(const struct address_region *regions, size_t count, uint64_t address) {
  size_t low = 0, high = count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (regions[middle].end <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low < count && regions[low].start <= address ? low : SIZE_MAX;
}
