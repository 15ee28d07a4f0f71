/*
 * options.h: what the environment variable FREEHOLD asked for. Read once, before the first allocation is served;
 * fixed after that. The tables are record/options.def and record/check_options.def; what only the checking library heeds is
 * known to the others too.
 */
#ifndef FREEHOLD_BASE_OPTIONS_H
#define FREEHOLD_BASE_OPTIONS_H

#include "base/bits.h"

struct options {
#define OPTION_SIZE(name, initial, min, max, help)    size_t name;
#define OPTION_COUNT(name, initial, min, max, help)   uint64_t name;
#define OPTION_TIME(name, initial, min, max, help)    uint64_t name;
#define OPTION_FLAG(name, initial, help)              bool name;
#define OPTION_ENUM(name, initial, words, bare, help) unsigned name;
#define OPTION_PATH(name, help)                       char name[256];
#define OPTION_TEXT(name, argument, help)             char name[256];
#define OPTION_RATE(name, min, max, bare, help)       uint64_t name; /* 0: off */
#include "record/options.def"
#include "record/check_options.def"
#include "record/collect_options.def"
#undef OPTION_SIZE
#undef OPTION_COUNT
#undef OPTION_TIME
#undef OPTION_FLAG
#undef OPTION_ENUM
#undef OPTION_PATH
#undef OPTION_TEXT
#undef OPTION_RATE
};

/* Fixed after options_read, but for what a client of the collector sets (api/gc_*.c). */
INTERNAL extern struct options options;

enum { STATS_OFF, STATS_TEXT, STATS_JSON };
enum { ON_MISUSE_ABORT, ON_MISUSE_REPORT };
enum { LEAKS_OFF, LEAKS_SUMMARY, LEAKS_LOST, LEAKS_REACHABLE };
enum { THP_AUTO, THP_ON, THP_OFF };
enum { COLLECT_OFF, COLLECT_STOP, COLLECT_ASKED, COLLECT_CONCURRENT };

/* Parses `value` (NULL: nothing). Unknown names and values out of range are named on standard error and left at
 * their defaults: a typing error must not keep a program from starting. */
void options_read(const char *value);

#endif
