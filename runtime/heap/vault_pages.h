/* vault_pages.h: the pages of a vault: made usable in pieces, opened and closed, made anew after a fork. All under its
 * lock. */
#ifndef FREEHOLD_HEAP_VAULT_PAGES_H
#define FREEHOLD_HEAP_VAULT_PAGES_H

#include "heap/vault.h"

/* Makes the first `bytes` bytes of the area usable, and a few more. 0 or a negated errno. */
int vault_pages_commit(struct vault *vault, size_t bytes);
/* Opens or closes what is committed. 0 or a negated errno, with nothing changed as far as the kernel lets it. */
int vault_pages_set_access(struct vault *vault, enum vault_access access);
/* In a child of fork: puts zeroed pages where the secrets were. What can't be had again stays closed. */
void vault_pages_renew(struct vault *vault);

#endif
