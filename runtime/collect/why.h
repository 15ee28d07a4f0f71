/*
 * why.h: what keeps an object from being taken back: the shortest chain of references from a root, as an answer of a
 * process that is asked (tell/request.h). The search is that of reach/, over the collector's objects and roots.
 *
 * It is done in a copy of the process, where marks are kept apart from the heap's. An object is read as a whole, also one of
 * which the program has said which words are pointers; so a chain may have a step that the collector would not take.
 */
#ifndef FREEHOLD_COLLECT_WHY_H
#define FREEHOLD_COLLECT_WHY_H

#include "record/report.h"

#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

/* As request_answers.why. The stacks of allocations are there with the option gc_report. */
size_t collect_why(const ucontext_t *here, uintptr_t address, struct fh_record_chain *record,
                   struct fh_chain_step *steps, size_t most);

#endif
