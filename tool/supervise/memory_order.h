/* memory_order.h: what the supervisor can have done about memory that a program holds. */
#ifndef FREEHOLD_SUPERVISE_MEMORY_ORDER_H
#define FREEHOLD_SUPERVISE_MEMORY_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "tool/supervise/process_tree.h"

/* Tells the heaps of these processes that memory is short, or no longer (fh_accounts_root.pressure): what they have
 * free then goes back at once, instead of waiting for its next use. How many heaps were told. */
unsigned memory_order_press(const struct pid_list *tree, bool pressed);

/* Moves the memory of these processes, which should be paused, to swap. Bytes that they hold less afterwards. */
uint64_t memory_order_page_out(const struct pid_list *tree);

#endif
