/* map_report.h: documents of map_document.h for people. */
#ifndef FREEHOLD_REPORT_MAP_REPORT_H
#define FREEHOLD_REPORT_MAP_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

struct map_style {
  bool colours;
  unsigned columns; /* of the terminal; 0: not known */
};

/* The whole report: strip, purposes, heap, what resident memory is beyond live objects, and what looking took. Of
 * several processes a line each and the sums. */
void map_text_write(const json_t *document, const struct map_style *style, FILE *to);

/* The picture alone: the regions of a process in order of address, a letter and a colour for each purpose. */
void map_strip_write(const json_t *process, const struct map_style *style, FILE *to);

/* A page that needs nothing but itself. 0, or -1 when it can't be written. */
int map_page_write(const json_t *document, FILE *to);

/* What grew from one document to the other (share/schemas/map-growth-1.schema.json). The caller owns it. */
json_t *map_growth_make(const json_t *before, const json_t *after);
void map_growth_write(const json_t *growth, FILE *to);

#endif
