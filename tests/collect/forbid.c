/*
 * Runs a program under a kernel that lacks something: a filter of system calls answers in its place.
 *
 *   forbid call | feature | scan PROGRAM [ARGUMENT...]
 *
 * call: there is no userfaultfd; feature: it knows no asynchronous write protection; scan: there is no PAGEMAP_SCAN.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* _IOWR('f', 16, 96 bytes), which headers don't have yet. */
#define PAGEMAP_SCAN _IOWR('f', 16, uint64_t[12])

static int forbid(uint32_t call, uint32_t request, uint32_t error) {
  struct sock_filter lines[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])), /* the low half */
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, request, 0, request == 0 ? 0 : 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog filter = {sizeof lines / sizeof lines[0], lines};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

int main(int count, char **arguments) {
  if (count < 3)
    return 2;
  int done = 0;
  if (strcmp(arguments[1], "call") == 0)
    done = forbid(SYS_userfaultfd, 0, EPERM);
  else if (strcmp(arguments[1], "feature") == 0)
    done = forbid(SYS_ioctl, (uint32_t)UFFDIO_API, EINVAL);
  else if (strcmp(arguments[1], "scan") == 0)
    done = forbid(SYS_ioctl, (uint32_t)PAGEMAP_SCAN, ENOTTY);
  if (!done) {
    perror("forbid");
    return errno == EINVAL || errno == ENOSYS ? 77 : 2;
  }
  execv(arguments[2], arguments + 2);
  perror(arguments[2]);
  return 2;
}
