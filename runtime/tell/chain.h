/* chain.h: the answer to why a block stays, for whoever knows the blocks. */
#ifndef FREEHOLD_TELL_CHAIN_H
#define FREEHOLD_TELL_CHAIN_H

#include "reach/reach.h"
#include "record/report.h"

struct chain_client {
  /* Takes all marks away; false when that can't be done. */
  bool (*clear_marks)(void);
  /* Fills in what `step` says of the object: where it is, how large, who allocated it. The rest is there already. */
  void (*describe)(struct fh_chain_step *step, const struct reach_object *object);
};

/* Fills in `record` and `steps`, of which there is room for `most`, but for the head's magic, version and process, for
 * the chain that keeps the object at `address`. Returns how many steps were filled in; 0 also when there was no memory. */
size_t chain_fill(const struct reach_world *world, const ucontext_t *here, uintptr_t address,
                  const struct chain_client *client, struct fh_record_chain *record, struct fh_chain_step *steps,
                  size_t most);

#endif
