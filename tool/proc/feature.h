/*
 * feature.h: what the kernel and the machine's settings offer to the heap and the tool. Each row is tried with the real
 * call, never concluded from a version number: distributions carry features back, sandboxes take them away.
 */
#ifndef FREEHOLD_PROC_FEATURE_H
#define FREEHOLD_PROC_FEATURE_H

#include <stdbool.h>
#include <stddef.h>

enum { FEATURE_VALUE_BYTES = 256 };

struct feature {
  const char *name;  /* the key in JSON, stable */
  const char *title; /* for people */
  const char *since; /* the first Linux version that has it; NULL for what every supported one (5.10) has */
  const char *used_for;
  const char *instead; /* what is done, or what to do, where it is missing */
  bool required;       /* without it the heap can't work */
  /* True when it is there. May write a figure or a reason into `value`, which comes empty. */
  bool (*probe)(char *value);
};

extern const struct feature features[];
extern const size_t feature_count;

/* The probes, by what they try. */
bool probe_page_size(char *value);
bool probe_address_bits(char *value);
bool probe_reservation(char *value);
bool probe_overcommit(char *value);
bool probe_address_limit(char *value);
bool probe_huge_pages(char *value);
bool probe_map_count(char *value);
bool probe_group_memory(char *value);

bool probe_fixed_noreplace(char *value);
bool probe_remap_keeping(char *value);
bool probe_populate_write(char *value);
bool probe_guard_install(char *value);
bool probe_mapping_names(char *value);
bool probe_write_protect_async(char *value);
bool probe_pagemap_scan(char *value);
bool probe_secret_memory(char *value);
bool probe_lockable_memory(char *value);

bool probe_landlock(char *value);
bool probe_membarrier(char *value);
bool probe_read_process(char *value);

#endif
