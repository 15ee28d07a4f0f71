/*
 * malloc_info.c: the names by which glibc's programs ask about, and tune, the heap (mallinfo(3), malloc_info(3),
 * mallopt(3), malloc_trim(3), malloc_stats(3)). Answers come from the same accounts as everything else; what has no
 * meaning here (arenas, fast bins) is 0.
 */
#include "freehold.h"

#include "api/twins.h"
#include "base/print.h"
#include "heap/accounts.h"
#include "heap/purge.h"
#include "heap/start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int fh_malloc_trim(size_t pad) {
  return purge_everything(pad) != 0 ? 1 : 0;
}
TWIN(int, malloc_trim, (size_t pad))

static void write_to_fd(void *fd, const char *bytes, size_t length) {
  write_all(*(int *)fd, bytes, length);
}

int fh_accounts_print(int fd, enum fh_format format) {
  if (fcntl(fd, F_GETFD) < 0)
    return -1; /* EBADF */
  struct fh_accounts totals;
  accounts_collect(&totals);
  if (format == FH_FORMAT_JSON)
    fh_accounts_write_json(&totals, write_to_fd, &fd);
  else
    fh_accounts_write_text(&totals, write_to_fd, &fd);
  return 0;
}

#ifndef FH_NO_STANDARD_NAMES

/* glibc's layouts; spelled out here because musl has neither. */
struct mallinfo2_layout {
  size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
struct mallinfo_layout {
  int arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};

static uint64_t free_slots(const struct fh_accounts *totals) {
  uint64_t slots = 0;
  for (uint32_t i = 0; i < totals->class_count; i++)
    slots += totals->classes[i].free_slots;
  return slots;
}

STANDARD(struct mallinfo2_layout, mallinfo2, (void)) {
  struct fh_accounts totals;
  accounts_collect(&totals);
  return (struct mallinfo2_layout){
      .arena = totals.heap_bytes - totals.large.object_bytes,
      .ordblks = free_slots(&totals),
      .hblks = totals.large.live_objects,
      .hblkhd = totals.large.object_bytes,
      .uordblks = totals.live_bytes - totals.large.object_bytes,
      .fordblks = totals.held_back_bytes,
      .keepcost = totals.free_slice_bytes,
  };
}

static int to_int(size_t value) {
  return value > INT_MAX ? INT_MAX : (int)value;
}

STANDARD(struct mallinfo_layout, mallinfo, (void)) {
  struct mallinfo2_layout info = mallinfo2();
  return (struct mallinfo_layout){
      .arena = to_int(info.arena),
      .ordblks = to_int(info.ordblks),
      .hblks = to_int(info.hblks),
      .hblkhd = to_int(info.hblkhd),
      .uordblks = to_int(info.uordblks),
      .fordblks = to_int(info.fordblks),
      .keepcost = to_int(info.keepcost),
  };
}

/* Nothing here can be tuned by these numbers, and a program that tries must not take that for a failure. */
STANDARD(int, mallopt, (int parameter, int value)) {
  (void)parameter;
  (void)value;
  return 1;
}

STANDARD(void, malloc_stats, (void)) {
  (void)fh_accounts_print(STDERR_FILENO, FH_FORMAT_TEXT);
}

/* XML with glibc's outer elements, so that a reader of version 1 finds the totals where it looks for them. */
STANDARD(int, malloc_info, (int options, FILE *stream)) {
  if (options != 0) {
    errno = EINVAL;
    return -1;
  }
  struct fh_accounts totals;
  accounts_collect(&totals);
  fprintf(stream, "<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n");
  for (uint32_t i = 0; i < totals.class_count; i++) {
    const struct fh_class_accounts *class = &totals.classes[i];
    if (class->spans != 0)
      fprintf(stream, "  <size from=\"%llu\" to=\"%llu\" total=\"%llu\" count=\"%llu\"/>\n",
              (unsigned long long)class->object_bytes, (unsigned long long)class->object_bytes,
              (unsigned long long)(class->free_slots * class->object_bytes), (unsigned long long)class->free_slots);
  }
  fprintf(stream,
          "</sizes>\n<total type=\"rest\" count=\"%llu\" size=\"%llu\"/>\n"
          "<system type=\"current\" size=\"%llu\"/>\n<system type=\"max\" size=\"%llu\"/>\n"
          "<aspace type=\"total\" size=\"%llu\"/>\n</heap>\n"
          "<total type=\"mmap\" count=\"%llu\" size=\"%llu\"/>\n"
          "<system type=\"current\" size=\"%llu\"/>\n<system type=\"max\" size=\"%llu\"/>\n</malloc>\n",
          (unsigned long long)free_slots(&totals), (unsigned long long)totals.held_back_bytes,
          (unsigned long long)totals.heap_bytes, (unsigned long long)totals.peak_heap_bytes,
          (unsigned long long)totals.reserved_bytes, (unsigned long long)totals.large.live_objects,
          (unsigned long long)totals.large.object_bytes, (unsigned long long)totals.heap_bytes,
          (unsigned long long)totals.peak_heap_bytes);
  return ferror(stream) ? -1 : 0;
}

#endif
