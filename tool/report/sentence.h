/* sentence.h: what a report says, in words and numbers. All forms of output use these. */
#ifndef FREEHOLD_REPORT_SENTENCE_H
#define FREEHOLD_REPORT_SENTENCE_H

#include "record/report.h"

/* "write of 1 byte just behind a heap object of 10 bytes". The caller frees it. */
char *sentence_of_report(const struct fh_report *report);

/* "malloc", "new", "new[]"; how it is freed: "free", "delete", "delete[]". "" for none. */
const char *sentence_allocator(uint32_t family);
const char *sentence_deallocator(uint32_t family);

/* "read", "write", "execution", "access". */
const char *sentence_access(uint32_t access);

/* "10 bytes", "1 byte". The caller frees it. */
char *sentence_bytes(uint64_t bytes);

#endif
