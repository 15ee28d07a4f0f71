#include "tool/proc/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

/* process_vm_readv, until a seccomp filter or an old kernel refuses it. */
static bool read_direct(struct process_memory *memory, uint64_t address, void *to, size_t bytes) {
  struct iovec local = {to, bytes};
  struct iovec remote = {(void *)(uintptr_t)address, bytes}; // NOLINT(performance-no-int-to-ptr)
  ssize_t count = process_vm_readv(memory->pid, &local, 1, &remote, 1, 0);
  if (count == (ssize_t)bytes)
    return true;
  memory->error = count < 0 ? errno : EFAULT;
  return false;
}

static bool read_through_file(struct process_memory *memory, uint64_t address, void *to, size_t bytes) {
  ssize_t count = pread(memory->descriptor, to, bytes, (off_t)address);
  if (count == (ssize_t)bytes)
    return true;
  /* The file reads as empty once the process has ended. */
  memory->error = count < 0 ? errno : count == 0 ? ESRCH : EFAULT;
  return false;
}

int process_memory_read(void *process_memory, uint64_t address, void *to, size_t bytes) {
  struct process_memory *memory = process_memory;
  if (bytes == 0)
    return 0;
  if (memory->descriptor < 0) {
    if (read_direct(memory, address, to, bytes))
      return 0;
    if (memory->error != EPERM && memory->error != ENOSYS)
      return -1;
    int refused = memory->error;
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/mem", (long)memory->pid);
    memory->descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (memory->descriptor < 0) {
      memory->error = errno == ENOENT ? ESRCH : refused;
      return -1;
    }
  }
  return read_through_file(memory, address, to, bytes) ? 0 : -1;
}

void process_memory_close(struct process_memory *memory) {
  if (memory->descriptor >= 0)
    close(memory->descriptor);
  memory->descriptor = -1;
}
