/* path.h: paths as they are shown. */
#ifndef FREEHOLD_REPORT_PATH_H
#define FREEHOLD_REPORT_PATH_H

#include <stdbool.h>

/* The path as seen from the current directory when it is beneath it, else as it is. Points into `path`. */
const char *path_from_here(const char *path);

/* The path as a URI reference: bytes that have a meaning there, and those beyond ASCII, become %XX. The caller frees it. */
char *path_to_uri(const char *path);

#endif
