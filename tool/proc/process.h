/*
 * process.h: looking at another process: its mappings, its memory, what /proc/PID/status says.
 *
 * Nothing here stops the process. Functions give 0 or an errno: ESRCH when the process is gone, EACCES or EPERM when
 * the kernel does not let this user look.
 */
#ifndef FREEHOLD_PROC_PROCESS_H
#define FREEHOLD_PROC_PROCESS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process_status {
  char state; /* 'R', 'S', 'Z' ... */
  uint64_t rss_bytes, peak_rss_bytes;
  uid_t user;
  bool has_memory; /* false while it exits, and for a kernel thread */
  bool kernel_thread;
};
int process_read_status(pid_t pid, struct process_status *out);
/* It is gone, on its way out, or only waits for its parent to take notice. */
bool process_has_ended(pid_t pid);

/* The first piece of a file in the process's address space. */
struct process_mapping {
  uint64_t start, end, file_offset;
  uint64_t inode;
  bool deleted;
  bool has_code;       /* this piece, or one that follows it, may be executed */
  char path[PATH_MAX]; /* as the process sees it */
};

/* Calls `visit` for each mapping of a file, once a file; stops when it gives true. */
int process_each_file(pid_t pid, bool (*visit)(void *context, const struct process_mapping *mapping), void *context);

/* A path under which this process can open what is mapped there, in `path` (PATH_MAX + 64 bytes). False when the file
 * is out of reach (deleted or replaced, and no right to open it through the kernel). */
bool process_openable_path(pid_t pid, const struct process_mapping *mapping, char *path);

enum { PROCESS_OPENABLE_BYTES = PATH_MAX + 64 };

/* For fh_accounts_collect: reads from a process, and keeps why it could not. */
struct process_memory {
  pid_t pid;
  int descriptor; /* of /proc/PID/mem once process_vm_readv was refused, else -1 */
  int error;      /* errno of the last read that failed */
};
int process_memory_read(void *process_memory, uint64_t address, void *to, size_t bytes);
void process_memory_close(struct process_memory *memory);

#endif
