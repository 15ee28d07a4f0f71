/*
 * hostile.c: a program that tries every way into another one. hostile NOTE_FILE NAME SUPERVISOR
 *
 * NOTE_FILE is what victim.c writes. Prints a line for each way, "name: got in" or "name: refused (why)", and makes
 * NOTE_FILE.done at the end. SUPERVISOR is a process to try the same on, or 0.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t victim;
static unsigned long address;
static int socket_number;
static pid_t keeper;
static const char *name;
static const char *prefix = "";

static void tell(const char *way, bool got_in) {
  if (got_in)
    printf("%s%s: got in\n", prefix, way);
  else
    printf("%s%s: refused (%s)\n", prefix, way, strerror(errno));
  fflush(stdout);
}

static const char *path_of(const char *file) {
  static char path[128];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)victim, file);
  return path;
}

static bool readable(const char *path) {
  char buffer[16];
  errno = 0;
  int file = open(path, O_RDONLY);
  if (file < 0)
    return false;
  ssize_t count = read(file, buffer, sizeof buffer);
  close(file);
  if (count == 0)
    errno = ENODATA;
  return count > 0;
}

static void try_tracing(void) {
  bool attached = ptrace(PTRACE_ATTACH, victim, 0, 0) == 0;
  tell("ptrace attach", attached);
  if (attached) {
    waitpid(victim, NULL, __WALL);
    ptrace(PTRACE_DETACH, victim, 0, 0);
  }
  bool seized = ptrace(PTRACE_SEIZE, victim, 0, 0) == 0;
  tell("ptrace seize", seized);
  if (seized) {
    ptrace(PTRACE_INTERRUPT, victim, 0, 0);
    waitpid(victim, NULL, __WALL);
    ptrace(PTRACE_DETACH, victim, 0, 0);
  }
}

static void try_memory(void) {
  char buffer[32] = "";
  int memory = open(path_of("mem"), O_RDWR);
  if (memory < 0) {
    tell("/proc/PID/mem read", false);
    tell("/proc/PID/mem write", false);
  } else {
    ssize_t count = pread(memory, buffer, 19, (off_t)address);
    tell("/proc/PID/mem read", count == 19);
    tell("/proc/PID/mem write", pwrite(memory, buffer, 19, (off_t)address) == 19);
    close(memory);
  }
  struct iovec local = {buffer, 19}, remote = {(void *)address, 19};
  tell("process_vm_readv", process_vm_readv(victim, &local, 1, &remote, 1, 0) == 19);
  tell("process_vm_writev", process_vm_writev(victim, &local, 1, &remote, 1, 0) == 19);
  int process = (int)syscall(434 /* pidfd_open */, victim, 0);
  struct iovec pages = {(void *)(address & ~4095ul), 4096};
  tell("process_madvise", syscall(440, process, &pages, 1UL, MADV_COLD, 0UL) > 0);
  tell("/proc/PID/maps", readable(path_of("maps")));
  tell("/proc/PID/environ", readable(path_of("environ")));
  tell("/proc/PID/pagemap", readable(path_of("pagemap")));
  tell("kcmp", syscall(SYS_kcmp, victim, getpid(), KCMP_VM, 0, 0) >= 0);
  int socket_copy = (int)syscall(438 /* pidfd_getfd */, process, socket_number, 0);
  tell("pidfd_getfd", socket_copy >= 0);
  close(socket_copy);
  char link[64];
  snprintf(link, sizeof link, "fd/%d", socket_number);
  char target[64];
  tell("/proc/PID/fd", readlink(path_of(link), target, sizeof target) > 0);
  tell("/proc/PID/root", open(path_of("root/"), O_RDONLY) >= 0);
  struct perf_event_attr attributes = {.type = PERF_TYPE_SOFTWARE,
                                       .size = sizeof attributes,
                                       .config = PERF_COUNT_SW_CPU_CLOCK,
                                       .sample_period = 1000,
                                       .sample_type = PERF_SAMPLE_STACK_USER | PERF_SAMPLE_REGS_USER};
  attributes.sample_stack_user = 4096;
  attributes.sample_regs_user = 1;
  attributes.exclude_kernel = 1;
  int event = (int)syscall(SYS_perf_event_open, &attributes, victim, -1, -1, 0);
  tell("perf_event_open", event >= 0);
  close(process);
}

static void try_signals(void) {
  tell("kill 0", kill(victim, 0) == 0);
  tell("kill SIGUSR1", kill(victim, SIGUSR1) == 0);
  tell("tgkill", syscall(SYS_tgkill, victim, victim, SIGUSR1) == 0);
  union sigval value = {.sival_int = 1};
  tell("sigqueue", sigqueue(victim, SIGUSR1, value) == 0);
  int process = (int)syscall(434, victim, 0);
  tell("pidfd_send_signal", syscall(424, process, SIGUSR1, NULL, 0) == 0);
  close(process);
  struct rlimit limit = {123, 1024};
  tell("prlimit", prlimit(victim, RLIMIT_NOFILE, &limit, NULL) == 0);
}

static void try_group(void) {
  char line[512], path[1024];
  FILE *file = fopen(path_of("cgroup"), "r");
  bool told = false;
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (strncmp(line, "0::/", 4) == 0) {
      line[strcspn(line, "\n")] = '\0';
      static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
      for (int i = 0; i < 2 && !told; i++) {
        snprintf(path, sizeof path, "%s%s/cgroup.freeze", mounts[i], line + 3);
        int control = open(path, O_WRONLY);
        if (control < 0 && errno == ENOENT)
          continue;
        tell("cgroup.freeze", control >= 0 && write(control, "0", 1) == 1);
        told = true;
      }
    }
  if (file != NULL)
    fclose(file);
  if (!told) {
    errno = ENOENT;
    tell("cgroup.freeze", false);
  }
}

static void try_leftovers(void) {
  char path[256];
  snprintf(path, sizeof path, "/dev/shm/%s", name);
  tell("/dev/shm", readable(path));
  snprintf(path, sizeof path, "/tmp/%s", name);
  tell("/tmp", readable(path));
  int key = (int)strtol(name + strcspn(name, "0123456789"), NULL, 10);
  tell("System V segment", shmget(key, 4096, 0) >= 0);
  int socket_file = socket(AF_UNIX, SOCK_STREAM, 0);
  struct sockaddr_un where = {.sun_family = AF_UNIX};
  strncpy(where.sun_path + 1, name, sizeof where.sun_path - 2);
  tell("abstract socket", connect(socket_file, (struct sockaddr *)&where, sizeof where) == 0);
  close(socket_file);
  /* What other programs' directories are called is in nobody's way but by looking. */
  bool found = false;
  DIR *entries = opendir("/tmp");
  for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;)
    if (strncmp(entry->d_name, ".freehold-run-", 14) == 0) {
      char inside[512];
      snprintf(inside, sizeof inside, "/tmp/%s/1/%s", entry->d_name, name);
      found |= readable(inside);
    }
  if (!found)
    errno = ENOENT;
  tell("directory of the run", found);
}

/* Whatever this process was given beside its three streams, it could talk to the supervisor through. */
static void try_channel(void) {
  bool found = false;
  for (int descriptor = 3; descriptor < 256; descriptor++)
    found |= send(descriptor, "\2\0\0\0\0\0\0\0", 8, MSG_DONTWAIT) == 8;
  if (!found)
    errno = EBADF;
  tell("inherited channel", found);
  DIR *entries = opendir(path_of("fd"));
  for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
    char path[512];
    snprintf(path, sizeof path, "/proc/%d/fd/%s", (int)victim, entry->d_name);
    found |= entry->d_name[0] != '.' && open(path, O_RDWR) >= 0;
  }
  if (!found && entries != NULL)
    errno = EACCES;
  tell("descriptors of the process", found);
}

int main(int argument_count, char **arguments) {
  if (argument_count != 4)
    return 2;
  name = arguments[2];
  FILE *note = NULL;
  for (int tries = 0; tries < 1000 && (note = fopen(arguments[1], "r")) == NULL; tries++)
    usleep(20000);
  int pid, parent;
  void *where;
  if (note == NULL || fscanf(note, "%d %p %d %d", &pid, &where, &socket_number, &parent) != 4)
    return 3;
  victim = pid;
  keeper = parent;
  address = (unsigned long)where;
  try_tracing();
  try_memory();
  try_signals();
  try_group();
  try_leftovers();
  const pid_t others[] = {keeper, atoi(arguments[3])};
  static const char *const prefixes[] = {"keeper: ", "supervisor: "};
  for (int i = 0; i < 2; i++) {
    if (others[i] <= 1)
      continue;
    victim = others[i];
    prefix = prefixes[i];
    try_tracing();
    tell("kill 0", kill(victim, 0) == 0);
    tell("/proc/PID/mem", open(path_of("mem"), O_RDWR) >= 0);
    try_channel();
  }
  char done[512];
  snprintf(done, sizeof done, "%s.done", arguments[1]);
  close(open(done, O_CREAT | O_WRONLY, 0666));
  return 0;
}
