#include "tool/supervise/isolation.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool/supervise/call_filter.h"

/* linux/landlock.h of a build machine may be older than the kernel that this runs on; these are its numbers. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

struct ruleset_attributes {
  uint64_t files, network, scoped;
};
struct beneath_attributes {
  uint64_t allowed;
  int32_t parent;
} __attribute__((packed));

enum { ASK_VERSION = 1, RULE_BENEATH = 1 };
enum { SCOPE_ABSTRACT_SOCKETS = 1 << 0, SCOPE_SIGNALS = 1 << 1 };
enum { VERSION_WITH_REFER = 2, VERSION_WITH_TRUNCATE = 3, VERSION_WITH_SCOPES = 6 };
/* Rights that change something, from linux/landlock.h: write, remove, make; rename to elsewhere; truncate. */
enum {
  RIGHT_WRITE = 1 << 1,
  RIGHTS_REMOVE_AND_MAKE = ((1 << 13) - 1) & ~((1 << 4) - 1),
  RIGHT_REFER = 1 << 13,
  RIGHT_TRUNCATE = 1 << 14,
  RIGHTS_OF_FILES = RIGHT_WRITE | RIGHT_TRUNCATE,
};

const struct isolation_text isolation_texts[] = {
    {ISOLATE_MEMORY, "memory", "memory (ptrace, /proc/PID/mem, process_vm_readv)", "Landlock, Linux 5.13"},
    {ISOLATE_SIGNALS, "signals", "signals", "Landlock's scopes, Linux 6.12"},
    {ISOLATE_SOCKETS, "abstract_sockets", "abstract sockets", "Landlock's scopes, Linux 6.12"},
    {ISOLATE_CALLS, "calls", "system calls that go around the others", "seccomp filters"},
    {ISOLATE_PLACES, "places", "/tmp, /var/tmp and /dev/shm", "mount namespaces (as root, or user namespaces)"},
    {ISOLATE_KEYS, "keys", "System V shared memory", "IPC namespaces (as root, or user namespaces)"},
};
const size_t isolation_text_count = sizeof isolation_texts / sizeof isolation_texts[0];

static bool may_administer(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
  return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1u << CAP_SYS_ADMIN)) != 0;
}

/* ---- Landlock. ---- */

static uint64_t changing_rights(long version) {
  return RIGHT_WRITE | RIGHTS_REMOVE_AND_MAKE | (version >= VERSION_WITH_REFER ? RIGHT_REFER : 0) |
         (version >= VERSION_WITH_TRUNCATE ? RIGHT_TRUNCATE : 0);
}

static void allow_beneath(int ruleset, const char *path, uint64_t rights) {
  int descriptor = open(path, O_PATH | O_CLOEXEC);
  if (descriptor < 0)
    return;
  struct stat status;
  if (fstat(descriptor, &status) == 0) {
    struct beneath_attributes rule = {S_ISDIR(status.st_mode) ? rights : rights & RIGHTS_OF_FILES, descriptor};
    syscall(SYS_landlock_add_rule, ruleset, RULE_BENEATH, &rule, 0);
  }
  close(descriptor);
}

/* Landlock allows whole trees. To leave some directories out, their neighbours are allowed one by one. */
static void allow_all_but(int ruleset, const char *directory, uint64_t rights, const struct private_places *places) {
  DIR *entries = opendir(directory[0] != '\0' ? directory : "/");
  if (entries == NULL)
    return;
  for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
    char path[PATH_MAX];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name) >= (int)sizeof path)
      continue;
    bool left_out = strcmp(path, "/sys/fs/cgroup") == 0,
         leads_there = strcmp(path, "/sys") == 0 || strcmp(path, "/sys/fs") == 0;
    for (size_t i = 0; i < places->count; i++) {
      const char *place = places->places[i].place;
      left_out |= strcmp(path, places->places[i].root) == 0;
      leads_there |= strncmp(place, path, strlen(path)) == 0 && strchr("/", place[strlen(path)]) != NULL;
    }
    struct stat status;
    if (left_out || lstat(path, &status) != 0 || S_ISLNK(status.st_mode))
      continue;
    if (leads_there)
      allow_all_but(ruleset, path, rights, places);
    else
      allow_beneath(ruleset, path, rights);
  }
  closedir(entries);
}

static int restrict_self(const struct isolation *isolation, const struct private_places *places, unsigned slot) {
  bool by_rules = isolation->namespaces == NAMESPACES_NONE && (isolation->parts & ISOLATE_PLACES) != 0;
  struct ruleset_attributes attributes = {0};
  if (by_rules)
    attributes.files = changing_rights(isolation->landlock_version);
  if ((isolation->parts & ISOLATE_SIGNALS) != 0)
    attributes.scoped = SCOPE_ABSTRACT_SOCKETS | SCOPE_SIGNALS;
  /* A domain must handle something to be one. Older versions know files only: making block devices is a right that
   * no program of a user has. */
  enum { RIGHT_MAKE_BLOCK_DEVICE = 1 << 11 };
  bool only_domain = attributes.files == 0 && attributes.scoped == 0;
  if (only_domain)
    attributes.files = RIGHT_MAKE_BLOCK_DEVICE;
  size_t bytes = attributes.scoped != 0 ? sizeof attributes : sizeof attributes.files;
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, bytes, 0);
  if (ruleset < 0)
    return errno;
  if (by_rules) {
    char own[2 * PATH_MAX];
    allow_all_but(ruleset, "", attributes.files, places);
    for (size_t i = 0; i < places->count; i++) {
      private_place_path(&places->places[i], slot, own, sizeof own);
      allow_beneath(ruleset, own, attributes.files);
    }
  }
  int error = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0 ? 0 : errno;
  close(ruleset);
  return error;
}

/* ---- What could undo it. ---- */

static void close_to_writing(const char *path, bool mounted) {
  enum { READ_ONLY = 1, RECURSIVE = 0x8000 };
  struct {
    uint64_t set, clear, propagation, user_namespace;
  } attributes = {.set = READ_ONLY};
  if (!mounted && mount(path, path, NULL, MS_BIND | MS_REC, NULL) != 0)
    return;
  syscall(SYS_mount_setattr, AT_FDCWD, path, RECURSIVE, &attributes, sizeof attributes);
}

/* Control groups would freeze or end another program; settings of the kernel would run something outside of any
 * domain (core_pattern). */
static void close_control_files(void) {
  close_to_writing("/sys/fs/cgroup", true);
  close_to_writing("/proc/sys", false);
  close_to_writing("/proc/sysrq-trigger", false);
}

/* Capabilities that lead around every other rule: to another's memory maps and environment (Linux 6.16 lets whoever
 * may measure performance read them, whatever Landlock says), to physical memory, ports, modules, another kernel. */
static void drop_capabilities(void) {
  enum { MEASURE_PERFORMANCE = 38 /* CAP_PERFMON */, LOAD_BPF = 39 /* CAP_BPF */ };
  static const unsigned dropped[] = {CAP_SYS_ADMIN, MEASURE_PERFORMANCE, LOAD_BPF,
                                     CAP_SYS_RAWIO, CAP_SYS_MODULE,      CAP_SYS_BOOT};
  for (size_t i = 0; i < sizeof dropped / sizeof dropped[0]; i++)
    prctl(PR_CAPBSET_DROP, (unsigned long)dropped[i], 0, 0, 0);
}

int isolation_apply(const struct isolation *isolation, const struct private_places *places, unsigned slot) {
  bool privileged = may_administer();
  int error = 0;
  if (isolation->namespaces != NAMESPACES_NONE) {
    error = private_places_enter(places, slot, isolation->namespaces == NAMESPACES_OF_USER);
    if (error != 0)
      return error;
    close_control_files();
  } else if ((isolation->parts & ISOLATE_PLACES) != 0) {
    char own[2 * PATH_MAX];
    for (size_t i = 0; i < places->count; i++)
      if (strcmp(places->places[i].place, "/tmp") == 0) {
        private_place_path(&places->places[i], slot, own, sizeof own);
        setenv("TMPDIR", own, 1);
      }
  }
  if (privileged)
    drop_capabilities();
  /* Both take it from whoever may not administer, so that set-uid programs can't be fooled by them. */
  if (!privileged && isolation->parts != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return errno;
  if ((isolation->parts & ISOLATE_MEMORY) != 0)
    error = restrict_self(isolation, places, slot);
  if (error == 0 && (isolation->parts & ISOLATE_CALLS) != 0)
    error = call_filter_install((isolation->parts & ISOLATE_MEMORY) == 0, privileged);
  return error;
}

/* ---- What is there. ---- */

/* Whether a child can have all of this. */
static bool works(const struct isolation *trial, const struct private_places *places) {
  pid_t child = fork();
  if (child == 0)
    _exit(isolation_apply(trial, places, 0) == 0 ? 0 : 1);
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
    continue;
  return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

void isolation_probe(struct isolation *isolation, const struct private_places *places) {
  *isolation = (struct isolation){0};
  long version = syscall(SYS_landlock_create_ruleset, NULL, 0, ASK_VERSION);
  struct isolation trial = {.parts = ISOLATE_MEMORY, .landlock_version = version > 0 ? version : 0};
  if (version > 0 && works(&trial, places)) {
    isolation->landlock_version = version;
    isolation->parts |= ISOLATE_MEMORY;
    trial.parts = ISOLATE_MEMORY | ISOLATE_SIGNALS | ISOLATE_SOCKETS;
    if (version >= VERSION_WITH_SCOPES && works(&trial, places))
      isolation->parts |= trial.parts;
  }
  trial = (struct isolation){.parts = ISOLATE_CALLS};
  if (works(&trial, places))
    isolation->parts |= ISOLATE_CALLS;
  static const enum isolation_namespaces kinds[] = {NAMESPACES_OWN, NAMESPACES_OF_USER};
  bool places_made = places->count > 0 && private_places_take(places, 0) == 0;
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && places_made; i++) {
    trial = (struct isolation){.parts = ISOLATE_PLACES | ISOLATE_KEYS, .namespaces = kinds[i]};
    if (!works(&trial, places))
      continue;
    isolation->parts |= trial.parts;
    isolation->namespaces = kinds[i];
    break;
  }
  private_places_leave(places, 0, 0);
  if (isolation->namespaces == NAMESPACES_NONE && places_made && isolation->landlock_version >= VERSION_WITH_REFER)
    isolation->parts |= ISOLATE_PLACES;
}

void isolation_leave_out(struct isolation *isolation, const char *names) {
  if (names == NULL)
    return;
  if (strstr(names, "namespaces") != NULL && isolation->namespaces != NAMESPACES_NONE) {
    isolation->namespaces = NAMESPACES_NONE;
    isolation->parts &= ~(unsigned)ISOLATE_KEYS;
    if (isolation->landlock_version < VERSION_WITH_REFER)
      isolation->parts &= ~(unsigned)ISOLATE_PLACES;
  }
  if (strstr(names, "signals") != NULL)
    isolation->parts &= ~(unsigned)(ISOLATE_SIGNALS | ISOLATE_SOCKETS);
  if (strstr(names, "calls") != NULL)
    isolation->parts &= ~(unsigned)ISOLATE_CALLS;
  if (strstr(names, "landlock") != NULL) {
    isolation->landlock_version = 0;
    isolation->parts &= ~(unsigned)(ISOLATE_MEMORY | ISOLATE_SIGNALS | ISOLATE_SOCKETS);
    if (isolation->namespaces == NAMESPACES_NONE)
      isolation->parts &= ~(unsigned)ISOLATE_PLACES;
  }
}
