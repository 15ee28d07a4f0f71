/*
 * validate.h: did a cycle that marked beside the program miss an object? For tests (option collect_validate).
 */
#ifndef FREEHOLD_COLLECT_VALIDATE_H
#define FREEHOLD_COLLECT_VALIDATE_H

#include <stdbool.h>
#include <ucontext.h>

/*
 * While the world stands still, after all is marked and before weak links and finalizers: marks everything once more from
 * nothing, as a cycle that stops the program does, and ends the program with an explanation where that reaches an object
 * that has no mark. All marks are as before then. False when there was no memory to keep them in: nothing is known.
 */
bool validate_marks(const ucontext_t *here, void (*more_roots)(void));

#endif
