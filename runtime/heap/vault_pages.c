#include "heap/vault_pages.h"
#include "space/kernel.h"

#include <errno.h>

/* Plain pages come in such steps; those of secrets one by one at first, for little may be locked, and then in a share of
 * what is there, for every piece is a mapping. */
#define COMMIT_STEP  (64 * KIB)
#define SECRET_SHARE 2u

static uintptr_t piece_start(const struct vault *vault, unsigned number) {
  return vault->start + (number != 0 ? vault->pieces[number - 1].end : 0);
}

static const char *mapping_name(const struct vault *vault) {
  return vault->secret ? "freehold:secret" : "freehold:protected";
}

/* Readable and writable pages of secrets; `over` as in kernel.map_secret. */
static int pages_for_secrets(const struct vault *vault, uintptr_t address, size_t bytes, bool over,
                             enum vault_secrecy *secrecy) {
  *secrecy = VAULT_HIDDEN;
  if (kernel.map_secret(address, bytes, over) == 0)
    return 0;
  *secrecy = VAULT_LOCKED;
  int failure = over ? kernel.commit(address, bytes) : kernel.claim(address, bytes);
  if (failure != 0)
    return failure;
  failure = kernel.keep_to_self(address, bytes);
  if (failure == 0) {
    failure = kernel.lock_pages(address, bytes);
    if (failure != 0 && vault->may_swap) {
      *secrecy = VAULT_UNLOCKED;
      failure = 0;
    }
  }
  if (failure != 0)
    kernel.retire(address, bytes);
  else
    kernel.name(address, bytes, mapping_name(vault));
  return failure;
}

static int commit_piece(struct vault *vault, size_t bytes) {
  uintptr_t address = vault->start + vault->committed;
  enum vault_secrecy secrecy = VAULT_NOT_SECRET;
  if (vault->piece_count == VAULT_PIECES_MOST)
    return -ENOMEM;
  int failure =
      vault->secret ? pages_for_secrets(vault, address, bytes, true, &secrecy) : kernel.commit(address, bytes);
  if (failure != 0)
    return failure;
  if (!vault->secret) {
    kernel_set_apart(address, bytes, false);
    kernel.name(address, bytes, mapping_name(vault));
  }
  vault->committed += bytes;
  if (vault->piece_count == 0 || vault->pieces[vault->piece_count - 1].secrecy != secrecy)
    vault->piece_count++;
  vault->pieces[vault->piece_count - 1] = (struct vault_piece){vault->committed, secrecy};
  return 0;
}

int vault_pages_commit(struct vault *vault, size_t bytes) {
  if (bytes <= vault->committed)
    return 0;
  size_t page = space_page_bytes();
  size_t need = align_up(bytes - vault->committed, page);
  size_t step = vault->secret ? align_down(vault->committed / SECRET_SHARE, page) : COMMIT_STEP;
  size_t want = need > step ? need : step;
  if (want > vault->bytes - vault->committed)
    want = vault->bytes - vault->committed;
  int failure = commit_piece(vault, want);
  return failure != 0 && need < want ? commit_piece(vault, need) : failure;
}

static int set(uintptr_t address, size_t bytes, enum vault_access access) {
  return access == VAULT_READ_ONLY ? kernel.read_only(address, bytes)
                                   : kernel.protect(address, bytes, access == VAULT_OPEN);
}

int vault_pages_set_access(struct vault *vault, enum vault_access access) {
  if (vault->committed == 0)
    return 0;
  int failure = set(vault->start, vault->committed, access);
  if (failure != 0)
    set(vault->start, vault->committed, vault->access); /* a part may have been changed */
  return failure;
}

void vault_pages_renew(struct vault *vault) {
  for (unsigned i = 0; i < vault->piece_count; i++) {
    struct vault_piece *piece = &vault->pieces[i];
    uintptr_t address = piece_start(vault, i);
    size_t bytes = vault->start + piece->end - address;
    int failure = 0;
    if (piece->secrecy == VAULT_HIDDEN) {
      failure = pages_for_secrets(vault, address, bytes, false, &piece->secrecy);
    } else {
      /* The pages are there and read as zero; once more, for what only plays a kernel may have taken keep_to_self without
       * a word. That they are locked is not inherited; to be locked they must be open. */
      kernel.purge(address, bytes);
      failure = kernel.protect(address, bytes, true);
      if (failure == 0 && piece->secrecy == VAULT_LOCKED) {
        failure = kernel.lock_pages(address, bytes);
        if (failure != 0 && vault->may_swap) {
          piece->secrecy = VAULT_UNLOCKED;
          failure = 0;
        }
      }
    }
    if (failure != 0) {
      vault->lost = true;
      kernel.protect(address, bytes, false);
    }
  }
  if (vault->lost)
    vault->access = VAULT_CLOSED;
  vault_pages_set_access(vault, vault->access);
}
