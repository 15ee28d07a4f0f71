/*
 * vault_fault.h: a fault in a vault (vault.h) becomes an explanation.
 */
#ifndef FREEHOLD_HEAP_VAULT_FAULT_H
#define FREEHOLD_HEAP_VAULT_FAULT_H

#include "base/print.h"

/* Adds what an address of a vault is: "24 bytes into an object of 64 bytes of the heap keys, which is closed
 * (fh_heap_protect)". False, with nothing added, when it is no vault's. Async-signal-safe. */
bool vault_describe(struct text *text, uintptr_t address);

/* Takes SIGSEGV, if the program leaves it to the system: to explain a fault in a vault on standard error before the program
 * ends by it. A handler that the program has, or installs later, gets all faults, and nothing is said. */
void vault_fault_watch(void);

#endif
