/*
 * deny_calls.c SET PROGRAM ARGUMENT...: starts a program whose system calls of a set fail with EPERM, as under the
 * filters of containers. `container`: what their common filters deny. `memory_files`: memfd_create.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const long container[] = {
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_userfaultfd,
    SYS_keyctl,
    SYS_add_key,
    SYS_request_key,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_personality,
    SYS_kcmp,
    SYS_pidfd_getfd,
    SYS_process_madvise,
    SYS_open_by_handle_at,
    SYS_unshare,
    SYS_setns,
    SYS_mount,
    SYS_move_pages,
    SYS_mbind,
    SYS_set_mempolicy,
    SYS_get_mempolicy,
    SYS_io_uring_setup,
};
static const long memory_files[] = {SYS_memfd_create};

#define ROOM 64

int main(int count, char **arguments) {
  if (count < 3)
    return 125;
  bool whole = strcmp(arguments[1], "container") == 0;
  const long *calls = whole ? container : memory_files;
  size_t length = whole ? sizeof container / sizeof *container : 1, used = 0;
  struct sock_filter filter[ROOM];
  filter[used++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
  for (size_t i = 0; i < length; i++) {
    filter[used++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i], 0, 1);
    filter[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
  }
  filter[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {.len = (unsigned short)used, .filter = filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
    perror("seccomp");
    return 77;
  }
  execvp(arguments[2], arguments + 2);
  perror(arguments[2]);
  return 126;
}
