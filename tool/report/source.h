/* source.h: a line of a source file. */
#ifndef FREEHOLD_REPORT_SOURCE_H
#define FREEHOLD_REPORT_SOURCE_H

/* The line without blanks around and with nothing a terminal would obey, which the caller frees. NULL when the file can't
 * be read or has no such line. */
char *source_line(const char *path, int line);

#endif
