/* small_file.h: files of /proc that are read as one text. */
#ifndef FREEHOLD_PROC_SMALL_FILE_H
#define FREEHOLD_PROC_SMALL_FILE_H

#include <sys/types.h>

/* Its first room - 1 bytes in `text`, with a NUL behind them. How many, or -1 with errno, and `text` is empty. */
ssize_t small_file_read(const char *path, char *text, size_t room);

/* The same of /proc/PID/NAME. */
ssize_t small_file_of(pid_t pid, const char *name, char *text, size_t room);

#endif
