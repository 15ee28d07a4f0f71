#include "tool/supervise/private_places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tool/report/memory.h"

#define ROOT_PREFIX ".freehold-run-"
#define IDLE_PREFIX "idle-"
#define KEPT_PREFIX "kept-"

enum { PATH_ROOM = 2 * PATH_MAX, ANYBODY = 0755, PERMISSIONS = 07777 };

static bool add_place(struct private_places *places, const char *path) {
  char real[PATH_MAX];
  struct stat status;
  if (places->count == PRIVATE_PLACES_MOST || realpath(path, real) == NULL || stat(real, &status) != 0 ||
      !S_ISDIR(status.st_mode) || strcmp(real, "/") == 0 || access(real, W_OK | X_OK) != 0)
    return true; /* who can't write there leaves nothing there */
  for (size_t i = 0; i < places->count; i++)
    if (strcmp(places->places[i].place, real) == 0)
      return true;
  struct private_place *place = &places->places[places->count];
  snprintf(place->place, sizeof place->place, "%s", real);
  int length = snprintf(place->root, sizeof place->root, "%s/" ROOT_PREFIX "%ld-XXXXXX", real, (long)getpid());
  if (length < 0 || length >= (int)sizeof place->root || mkdtemp(place->root) == NULL)
    return false;
  places->count++;
  /* Whoever a program of root's becomes must get through; what lies inside has the permissions of the place. */
  return chmod(place->root, 0711) == 0;
}

bool private_places_begin(struct private_places *places) {
  places->count = 0;
  const char *named = getenv("TMPDIR");
  bool made = add_place(places, "/tmp") && add_place(places, "/var/tmp") && add_place(places, "/dev/shm") &&
              (named == NULL || named[0] != '/' || add_place(places, named));
  if (!made) {
    int error = errno;
    private_places_end(places, NULL, NULL);
    errno = error;
  }
  return made;
}

void private_place_path(const struct private_place *place, unsigned slot, char *path, size_t bytes) {
  snprintf(path, bytes, "%s/%u", place->root, slot);
}

static void numbered_path(const struct private_place *place, const char *prefix, unsigned number, char *path,
                          size_t bytes) {
  snprintf(path, bytes, "%s/%s%u", place->root, prefix, number);
}

static int take_place(const struct private_place *place, unsigned slot) {
  char own[PATH_ROOM], idle[PATH_ROOM];
  struct stat status;
  private_place_path(place, slot, own, sizeof own);
  numbered_path(place, IDLE_PREFIX, slot, idle, sizeof idle);
  if (rename(idle, own) == 0)
    return 0;
  if (mkdir(own, ANYBODY) != 0 && errno != EEXIST)
    return errno;
  if (stat(place->place, &status) != 0 || chmod(own, status.st_mode & PERMISSIONS) != 0)
    return errno;
  return chown(own, status.st_uid, status.st_gid) == 0 || errno == EPERM ? 0 : errno;
}

int private_places_take(const struct private_places *places, unsigned slot) {
  int error = 0;
  for (size_t i = 0; i < places->count && error == 0; i++)
    error = take_place(&places->places[i], slot);
  return error;
}

static int write_map(const char *path, const char *text) {
  int descriptor = open(path, O_WRONLY | O_CLOEXEC);
  if (descriptor < 0)
    return errno;
  int error = write(descriptor, text, strlen(text)) < 0 ? errno : 0;
  close(descriptor);
  return error;
}

static int enter_namespaces(bool user) {
  char users[64], groups[64];
  snprintf(users, sizeof users, "%ld %ld 1", (long)geteuid(), (long)geteuid());
  snprintf(groups, sizeof groups, "%ld %ld 1", (long)getegid(), (long)getegid());
  if (unshare(CLONE_NEWNS | CLONE_NEWIPC | (user ? CLONE_NEWUSER : 0)) != 0)
    return errno;
  int error = user ? write_map("/proc/self/setgroups", "deny") : 0;
  if (user && (error == 0 || error == ENOENT))
    error = write_map("/proc/self/uid_map", users);
  if (user && error == 0)
    error = write_map("/proc/self/gid_map", groups);
  if (error == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
    error = errno;
  return error;
}

/* Something to mount on: a directory or file that nobody may open, which tells it from what a program leaves. */
static int make_placeholder(const char *path, mode_t kind) {
  if (S_ISDIR(kind))
    return mkdir(path, 0) == 0 || errno == EEXIST ? 0 : errno;
  int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
  if (descriptor >= 0)
    close(descriptor);
  return descriptor >= 0 || errno == EEXIST ? 0 : errno;
}

static int show_entry(const char *from, const char *to) {
  struct stat status;
  if (lstat(from, &status) != 0)
    return 0; /* gone meanwhile */
  if (S_ISLNK(status.st_mode)) {
    char target[PATH_MAX];
    ssize_t length = readlink(from, target, sizeof target - 1);
    if (length < 0)
      return 0;
    target[length] = '\0';
    return symlink(target, to) == 0 || errno == EEXIST ? 0 : errno;
  }
  int error = make_placeholder(to, status.st_mode);
  if (error == 0 && mount(from, to, NULL, MS_BIND | MS_REC, NULL) != 0)
    error = errno == ENOENT ? 0 : errno;
  return error;
}

static int enter_place(const struct private_place *place, unsigned slot) {
  char own[PATH_ROOM], from[PATH_ROOM + NAME_MAX + 2], to[PATH_ROOM + NAME_MAX + 2];
  private_place_path(place, slot, own, sizeof own);
  DIR *entries = opendir(place->place);
  if (entries == NULL)
    return errno;
  int error = 0;
  for (struct dirent *entry; error == 0 && (entry = readdir(entries)) != NULL;) {
    const char *name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strncmp(name, ROOT_PREFIX, strlen(ROOT_PREFIX)) == 0)
      continue;
    snprintf(from, sizeof from, "%s/%s", place->place, name);
    snprintf(to, sizeof to, "%s/%s", own, name);
    error = show_entry(from, to);
  }
  closedir(entries);
  if (error == 0 && mount(own, place->place, NULL, MS_BIND | MS_REC, NULL) != 0)
    error = errno;
  return error;
}

int private_places_enter(const struct private_places *places, unsigned slot, bool user) {
  char here[PATH_MAX];
  bool known = getcwd(here, sizeof here) != NULL;
  int error = enter_namespaces(user);
  for (size_t i = 0; error == 0 && i < places->count; i++)
    error = enter_place(&places->places[i], slot);
  /* The directory it stands in may lie in a place, and is another one now. */
  if (error == 0 && known && here[0] == '/' && chdir(here) != 0)
    error = errno == EACCES ? 0 : errno;
  return error;
}

static bool is_placeholder(const char *path, const char *original) {
  struct stat status;
  if (lstat(path, &status) != 0)
    return true;
  if (S_ISLNK(status.st_mode)) {
    char here[PATH_MAX], there[PATH_MAX];
    ssize_t length = readlink(path, here, sizeof here);
    return length > 0 && readlink(original, there, sizeof there) == length &&
           memcmp(here, there, (size_t)length) == 0;
  }
  return (status.st_mode & PERMISSIONS) == 0 && (S_ISDIR(status.st_mode) || status.st_size == 0);
}

static void remove_entry(const char *path) {
  if (unlink(path) != 0)
    rmdir(path);
}

/* Calls `visit` for each entry of a directory with its path. */
static void each_entry(const char *directory, void (*visit)(void *context, const char *path, const char *name),
                       void *context) {
  DIR *entries = opendir(directory);
  if (entries == NULL)
    return;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    char path[PATH_ROOM + NAME_MAX + 2];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    visit(context, path, entry->d_name);
  }
  closedir(entries);
}

/* ---- When a program has ended. ---- */

struct leaving {
  const struct private_place *place;
  char kept[PATH_ROOM];
  bool is_made;
};

static void leave_entry(void *context, const char *path, const char *name) {
  struct leaving *leaving = context;
  char original[PATH_ROOM], kept[2 * PATH_ROOM];
  struct stat status;
  snprintf(original, sizeof original, "%s/%s", leaving->place->place, name);
  if (is_placeholder(path, original)) {
    if (lstat(original, &status) != 0)
      remove_entry(path); /* the next program must not find it */
    return;
  }
  if (!leaving->is_made)
    leaving->is_made = mkdir(leaving->kept, 0700) == 0 || errno == EEXIST;
  snprintf(kept, sizeof kept, "%s/%s", leaving->kept, name);
  rename(path, kept); /* what can't be moved stays, and the directory with it */
}

void private_places_leave(const struct private_places *places, unsigned slot, unsigned number) {
  for (size_t i = 0; i < places->count; i++) {
    char own[PATH_ROOM], idle[PATH_ROOM];
    struct leaving leaving = {.place = &places->places[i]};
    private_place_path(leaving.place, slot, own, sizeof own);
    numbered_path(leaving.place, IDLE_PREFIX, slot, idle, sizeof idle);
    numbered_path(leaving.place, KEPT_PREFIX, number, leaving.kept, sizeof leaving.kept);
    each_entry(own, leave_entry, &leaving);
    rename(own, idle);
  }
}

/* ---- When all have. ---- */

struct ending {
  const struct private_place *place;
  unsigned number; /* of the program whose entries are moved */
  void (*say)(void *context, const char *sentence);
  void *context;
  unsigned *kept; /* numbers of programs that have left something */
  size_t count, room;
};

static void restore_entry(void *context, const char *from, const char *name) {
  const struct ending *ending = context;
  char to[PATH_ROOM], other[2 * PATH_ROOM], sentence[6 * PATH_ROOM];
  snprintf(to, sizeof to, "%s/%s", ending->place->place, name);
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0)
    return;
  int error = errno;
  snprintf(other, sizeof other, "%s.freehold-%u", to, ending->number);
  if (error == EEXIST && renameat2(AT_FDCWD, from, AT_FDCWD, other, RENAME_NOREPLACE) == 0)
    snprintf(sentence, sizeof sentence, "%s is there already, so program %u's is %s", to, ending->number, other);
  else
    snprintf(sentence, sizeof sentence, "program %u's %s stays in %s: %s", ending->number, to, from, strerror(errno));
  if (ending->say != NULL)
    ending->say(ending->context, sentence);
}

static void clear_entry(void *context, const char *path, const char *name) {
  const struct ending *ending = context;
  char original[PATH_ROOM];
  snprintf(original, sizeof original, "%s/%s", ending->place->place, name);
  if (is_placeholder(path, original))
    remove_entry(path);
}

static void end_directory(void *context, const char *path, const char *name) {
  struct ending *ending = context;
  if (strncmp(name, IDLE_PREFIX, strlen(IDLE_PREFIX)) == 0) {
    each_entry(path, clear_entry, ending);
    rmdir(path);
  } else if (strncmp(name, KEPT_PREFIX, strlen(KEPT_PREFIX)) == 0) {
    ending->kept = memory_grow(ending->kept, ending->count, &ending->room, sizeof *ending->kept);
    ending->kept[ending->count++] = (unsigned)strtoul(name + strlen(KEPT_PREFIX), NULL, 10);
  }
}

static int compare_numbers(const void *left, const void *right) {
  unsigned one = *(const unsigned *)left, other = *(const unsigned *)right;
  return (one > other) - (one < other);
}

void private_places_end(struct private_places *places, void (*say)(void *context, const char *sentence),
                        void *context) {
  for (size_t i = 0; i < places->count; i++) {
    struct ending ending = {.place = &places->places[i], .say = say, .context = context};
    each_entry(ending.place->root, end_directory, &ending);
    if (ending.count != 0)
      qsort(ending.kept, ending.count, sizeof *ending.kept, compare_numbers);
    for (size_t at = 0; at < ending.count; at++) {
      char kept[PATH_ROOM];
      ending.number = ending.kept[at];
      numbered_path(ending.place, KEPT_PREFIX, ending.number, kept, sizeof kept);
      each_entry(kept, restore_entry, &ending);
      rmdir(kept);
    }
    free(ending.kept);
    rmdir(ending.place->root);
  }
  places->count = 0;
}
