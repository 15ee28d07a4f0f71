/*
 * gc_tiny_fl.h: the sizes of the free lists that programs keep for themselves (gc_inline.h). List i has objects of i
 * granules; list 0 serves requests of no bytes with objects of one granule. The numbers are part of the interface.
 */
#ifndef GC_TINY_FL_H
#define GC_TINY_FL_H

#ifndef GC_GRANULE_BYTES
#define GC_GRANULE_BYTES 16
#define GC_GRANULE_WORDS 2
#endif
#define GC_WORDS_TO_GRANULES(words) ((words) >> 1)
#ifndef GC_TINY_FREELISTS
#define GC_TINY_FREELISTS 25
#endif
#define GC_RAW_BYTES_FROM_INDEX(granules) ((granules)*GC_GRANULE_BYTES)

#endif
