/* demangle.h: names of C++ (and Rust's that look like them) as people write them. */
#ifndef FREEHOLD_REPORT_DEMANGLE_H
#define FREEHOLD_REPORT_DEMANGLE_H

/* The caller frees it. A name that is not mangled, or that can't be read, comes back as it is. The C++ runtime does it,
 * where this machine has one. */
char *demangle(const char *name);

#endif
