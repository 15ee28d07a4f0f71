#include "tool/proc/thread_stacks.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/proc/process.h"
#include "tool/proc/small_file.h"

struct thread {
  pid_t id;
  bool placed;
  char name[16];
};

struct threads {
  struct thread *all;
  size_t count, room;
};

static bool read_small(pid_t pid, pid_t thread, const char *name, char *text, size_t room) {
  char path[96];
  snprintf(path, sizeof path, "/proc/%ld/task/%ld/%s", (long)pid, (long)thread, name);
  if (small_file_read(path, text, room) <= 0)
    return false;
  text[strcspn(text, "\n")] = '\0';
  return true;
}

static int list_threads(pid_t pid, struct threads *threads) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%ld/task", (long)pid);
  DIR *folder = opendir(path);
  if (folder == NULL)
    return errno == ENOENT ? ESRCH : errno;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    pid_t id = (pid_t)atoi(entry->d_name);
    if (id <= 0)
      continue;
    if (threads->count == threads->room) {
      size_t room = threads->room == 0 ? 64 : 2 * threads->room;
      struct thread *more = reallocarray(threads->all, room, sizeof more[0]);
      if (more == NULL) {
        closedir(folder);
        return ENOMEM;
      }
      threads->all = more;
      threads->room = room;
    }
    struct thread *thread = &threads->all[threads->count++];
    *thread = (struct thread){.id = id};
    if (!read_small(pid, id, "comm", thread->name, sizeof thread->name))
      thread->name[0] = '\0';
  }
  closedir(folder);
  return 0;
}

/* "number arguments... stack-pointer program-counter", or "-1 stack-pointer program-counter", or "running". */
static uint64_t stack_pointer(pid_t pid, pid_t thread) {
  char text[256];
  if (!read_small(pid, thread, "syscall", text, sizeof text))
    return 0;
  char *last = strrchr(text, ' ');
  if (last == NULL)
    return 0;
  *last = '\0';
  char *before = strrchr(text, ' ');
  return before != NULL ? strtoull(before + 1, NULL, 16) : 0;
}

static bool can_be_stack(const struct address_region *region) {
  return (region->kind == ADDRESS_ANONYMOUS || region->kind == ADDRESS_STACK ||
          region->kind == ADDRESS_THREAD_STACK || region->kind == ADDRESS_GENERATED_CODE) &&
         region->permissions[1] == 'w';
}

static void place(struct address_region *region, struct thread *thread) {
  if (region->kind != ADDRESS_STACK)
    region->kind = ADDRESS_THREAD_STACK;
  region->thread = thread->id;
  memcpy(region->thread_name, thread->name, sizeof region->thread_name);
  thread->placed = true;
}

/* Descriptors begin within so many bytes of the end of a stack, and hold the id within so many of their beginning.
 * Static thread-local variables, which lie between, are seldom more. */
enum { TOP_BYTES = 16384, DESCRIPTOR_WORDS = 256 };

static void look_at_top(struct process_memory *memory, struct address_region *region, struct threads *threads) {
  uint64_t words[TOP_BYTES / sizeof(uint64_t)];
  uint64_t bytes = region->end - region->start < TOP_BYTES ? region->end - region->start : TOP_BYTES;
  uint64_t start = region->end - bytes;
  if (process_memory_read(memory, start, words, bytes) != 0)
    return;
  size_t count = bytes / sizeof words[0];
  for (size_t i = 0; i + 2 < count; i++) {
    if (words[i] != start + i * sizeof words[0] || words[i + 2] != words[i])
      continue;
    for (size_t j = i; j < count && j < i + DESCRIPTOR_WORDS; j++)
      for (size_t t = 0; t < threads->count; t++)
        if (!threads->all[t].placed && ((uint32_t)words[j] == (uint32_t)threads->all[t].id ||
                                        (uint32_t)(words[j] >> 32) == (uint32_t)threads->all[t].id)) {
          place(region, &threads->all[t]);
          return;
        }
  }
}

int thread_stacks_find(pid_t pid, struct address_regions *regions) {
  struct threads threads = {0};
  int error = list_threads(pid, &threads);
  size_t left = 0;
  for (size_t i = 0; i < threads.count && error == 0; i++) {
    struct thread *thread = &threads.all[i];
    if (thread->id == pid) {
      for (size_t j = 0; j < regions->count; j++)
        if (regions->all[j].kind == ADDRESS_STACK)
          place(&regions->all[j], thread);
      thread->placed = true; /* it may stand on another stack at the moment, but has that one */
      continue;
    }
    uint64_t address = stack_pointer(pid, thread->id);
    size_t at = address != 0 ? address_regions_find(regions->all, regions->count, address) : SIZE_MAX;
    if (at != SIZE_MAX && can_be_stack(&regions->all[at]) && regions->all[at].thread == 0)
      place(&regions->all[at], thread);
    else
      left++;
  }
  struct process_memory memory = {.pid = pid, .descriptor = -1};
  for (size_t i = 1; i < regions->count && left > 0 && error == 0; i++) {
    struct address_region *region = &regions->all[i], *below = region - 1;
    /* A stack has a guard below it. */
    if (region->kind != ADDRESS_ANONYMOUS || region->thread != 0 || region->permissions[1] != 'w' ||
        below->end != region->start || below->kind != ADDRESS_NO_ACCESS)
      continue;
    look_at_top(&memory, region, &threads);
    left -= region->thread != 0;
  }
  process_memory_close(&memory);
  free(threads.all);
  return error;
}
