/*
 * twins.h: every function of the api is defined once, under its fh_ name; the standard name is an alias of it, so
 * that both cost the same. FH_NO_STANDARD_NAMES leaves the standard names to somebody else (a sanitizer, say).
 */
#ifndef FREEHOLD_API_TWINS_H
#define FREEHOLD_API_TWINS_H

#define EXPORTED __attribute__((visibility("default")))

/* The promises gcc misses on the aliases are on the declarations that programs see. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmissing-attributes"
#endif

/* A standard name without a twin. The headers that declare it differ between C libraries, so it is declared here. */
#define STANDARD(result, name, parameters)                                                                           \
  EXPORTED result name parameters;                                                                                   \
  result name parameters

#ifdef FH_NO_STANDARD_NAMES
#define TWIN(result, name, parameters)
#else
#define TWIN(result, name, parameters) EXPORTED result name parameters __attribute__((alias("fh_" #name)));
#endif

#endif
