/* gc_hooks.h: what the files of the C interface do in a cycle; gc_collect.c calls them in turn. */
#ifndef FREEHOLD_API_GC_HOOKS_H
#define FREEHOLD_API_GC_HOOKS_H

#include <stddef.h>

/* What was freed by hand counts anew from here on. */
void gc_note_freed(void);
/* Bytes of it. */
size_t gc_freed_since_cycle(void);
/* What clients' objects reach that are dead, but have a last word. */
void gc_disclaim_in_pause(void);
void gc_finalize_in_pause(void);
void gc_finalize_after_cycle(void);
/* Roots that the client pushes by itself. */
void gc_push_roots(void);
/* The pause is over. */
void gc_world_resumed(void);

#endif
