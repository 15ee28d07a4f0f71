/* process_tree.h: a process and all that descend from it. */
#ifndef FREEHOLD_PROC_PROCESS_TREE_H
#define FREEHOLD_PROC_PROCESS_TREE_H

#include <stddef.h>
#include <sys/types.h>

struct tree_process {
  pid_t pid, parent;
  char name[16];
};

/* All processes that can be seen, in *all (the caller frees it). 0, ENOMEM, or why /proc can't be read. */
int process_list_read(struct tree_process **all, size_t *count);

/* `root` and its descendants, parents before children. 0, ESRCH when there is no such process, ENOMEM. */
int process_tree_read(pid_t root, struct tree_process **all, size_t *count);

#endif
