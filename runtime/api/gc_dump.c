/* gc_dump.c: the collector's state in words, on standard error; see gc/gc.h. */
#include "api/gc_api.h"
#include "base/print.h"
#include "collect/finalize.h"

static void add_figure(struct text *line, const char *name, uint64_t value, const char *unit) {
  text_add(line, name);
  text_add_decimal(line, value);
  text_add(line, unit);
}

void GC_dump_named(const char *name) {
  struct collect_accounts now;
  collect_accounts_read(&now);
  struct text line;
  text_clear(&line);
  text_add(&line, "freehold: ");
  if (name != NULL) {
    text_add(&line, name);
    text_add(&line, ": ");
  }
  add_figure(&line, "", now.cycles, " collections");
  add_figure(&line, ", heap ", now.heap_bytes >> 10, " KiB");
  add_figure(&line, ", live after the last ", now.live_bytes_after >> 10, " KiB");
  add_figure(&line, ", allocated since ", now.allocated_since_cycle >> 10, " KiB");
  add_figure(&line, ", longest pause ", now.pause_most / 1000, " us");
  add_figure(&line, ", finalizers ", finalize_registered(), "\n");
  text_write(&line, 2);
}
void GC_dump(void) {
  GC_dump_named(NULL);
}
void GC_dump_finalization(void) {
  GC_dump_named("finalizers");
}
void GC_dump_regions(void) {
  GC_dump_named("regions");
}
