/*
 * gc_everywhere.c: for a program that knows nothing of the collector: its malloc is the heap's, whatever it may write is a
 * root, and what it has lost is taken back.
 */
#include "collect/collect.h"
#include "collect/lost.h"

__attribute__((constructor(103))) static void library_loaded(void) {
  collect_settings.all_memory = true;
  lost_start();
}

__attribute__((destructor(103))) static void library_unloaded(void) {
  lost_report();
}
