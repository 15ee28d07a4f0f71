/*
 * map_document.h: address spaces as one JSON document (share/schemas/map-1.schema.json). All other forms, text,
 * page and growth, are made from it; so a document that was saved shows what a process shows.
 */
#ifndef FREEHOLD_REPORT_MAP_DOCUMENT_H
#define FREEHOLD_REPORT_MAP_DOCUMENT_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "tool/proc/address_space.h"

/* Never NULL but without memory. The caller owns it (json_decref). */
json_t *map_document_make(const struct address_space *spaces, size_t count);

/* NULL with a sentence in `why` (of `room` bytes) when the file can't be read or is no such document. */
json_t *map_document_load(const char *path, char *why, size_t room);

/* 0, or -1 when it can't be written. */
int map_document_write(const json_t *document, FILE *to);

/* ---- For what reads documents. A member that is missing or null counts as 0, "", or nothing. ---- */
uint64_t map_number(const json_t *object, const char *name);
const char *map_string(const json_t *object, const char *name);
/* An address, which documents have as text. */
uint64_t map_address(const json_t *object, const char *name);
bool map_has(const json_t *object, const char *name);
/* The table's entry of a kind's name; NULL for one that this version does not know. */
const struct address_kind_facts *map_kind(const char *name);

/* 1536 -> "1.5 KiB", in `text` of MAP_SIZE_BYTES bytes; returns it. */
enum { MAP_SIZE_BYTES = 24 };
const char *map_size(uint64_t bytes, char *text);

#endif
