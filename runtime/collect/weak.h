/*
 * weak.h: words that are set to 0 when the object they are about is found dead.
 *
 * A short link is cleared as soon as nothing but finalizers reaches its object, a long one when the object goes. An entry
 * ends with the object that the link itself lies in. The functions take the cycle lock.
 */
#ifndef FREEHOLD_COLLECT_WEAK_H
#define FREEHOLD_COLLECT_WEAK_H

#include "collect/collect.h"

enum weak_kind { WEAK_SHORT, WEAK_LONG, WEAK_KINDS };

enum weak_result { WEAK_DONE, WEAK_KNOWN, WEAK_NO_MEMORY, WEAK_UNKNOWN };

/* `object` is any address in it. KNOWN: the link was there; it is about `object` now. */
enum weak_result weak_register(enum weak_kind kind, void **link, const void *object);
bool weak_unregister(enum weak_kind kind, void **link);
/* UNKNOWN: no such link; KNOWN: the new one is in use. */
enum weak_result weak_move(enum weak_kind kind, void **link, void **new_link);

/* In the pause: clears the links to objects without a mark, and forgets those in objects without one. */
void weak_clear(enum weak_kind kind);

#endif
