/* address_bss.h: the zeroed data of programs and libraries, which is mapped without a name behind their files. */
#ifndef FREEHOLD_PROC_ADDRESS_BSS_H
#define FREEHOLD_PROC_ADDRESS_BSS_H

#include "tool/proc/address_lines.h"

/* Gives it the kind of data. How far it goes is read from the program headers in the process's memory: what lies
 * behind it may be anybody's. False without memory. */
bool address_bss_mark(pid_t pid, struct address_regions *regions);

#endif
