/* heap_root.h: where a process keeps the accounts of its Freehold heap. */
#ifndef FREEHOLD_PROC_HEAP_ROOT_H
#define FREEHOLD_PROC_HEAP_ROOT_H

#include <stdint.h>
#include <sys/types.h>

/* The address of fh_accounts_root in the process: looked for in a mapped libfreehold*.so, then in the executable, then
 * in every other library. 0, ENOENT when no file defines it, ENODATA when a libfreehold is mapped but neither
 * its file nor its image in memory can be read, ESRCH, EACCES or EPERM. */
int heap_root_find(pid_t pid, uint64_t *address);

/* The same for another data symbol of Freehold's; looked for in a mapped libfreehold*.so alone. */
int heap_root_find_other(pid_t pid, const char *symbol, uint64_t *address);

#endif
