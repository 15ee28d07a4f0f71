#include "tell/chain.h"
#include "reach/sequence.h"

#include <string.h>

/* Cycles are looked for at so many steps: each takes a search of its own. */
#define CYCLE_STEPS_MOST 16u

size_t chain_fill(const struct reach_world *world, const ucontext_t *here, uintptr_t address,
                  const struct chain_client *client, struct fh_record_chain *record, struct fh_chain_step *steps,
                  size_t most) {
  struct reach_root root;
  memset(record, 0, sizeof *record);
  record->head.type = FH_RECORD_CHAIN;
  record->head.bytes = sizeof *record;
  struct reach_step *chain = sequence_piece((most + 1) * sizeof *chain);
  if (chain == NULL)
    return 0;
  size_t length = client->clear_marks() ? reach_chain(world, here, address, &root, chain, most) : 0;
  record->address = address; /* not before: it would have counted as a reference */
  record->found = length != 0;
  size_t filled = length < most ? length : most;
  for (size_t i = 0; i < filled; i++) {
    memset(&steps[i], 0, sizeof steps[i]);
    steps[i].from = chain[i].from;
    client->describe(&steps[i], &chain[i].object);
    if (i < CYCLE_STEPS_MOST && client->clear_marks())
      steps[i].cycle = (uint32_t)reach_cycle(world, &chain[i].object);
  }
  if (filled != 0) {
    steps[0].root = root.kind;
    steps[0].from = root.at;
    memcpy(steps[0].root_name, root.name, sizeof steps[0].root_name);
  }
  record->steps = (uint32_t)filled;
  record->head.bytes = (uint32_t)(sizeof *record + filled * sizeof *steps);
  sequence_piece_release(chain, (most + 1) * sizeof *chain);
  return filled;
}
