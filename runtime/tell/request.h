/*
 * request.h: a running process is asked what it has lost, and what keeps a block: the library's side of
 * record/request.h. What there is to say, the library's upper rooms know: they fill in request_answers.
 *
 * The handler of the signal stops the threads, makes a copy of the process and lets them go on; the copy searches and
 * writes. What the program may notice is the time that takes; a system call that waited goes on.
 */
#ifndef FREEHOLD_TELL_REQUEST_H
#define FREEHOLD_TELL_REQUEST_H

#include "base/bits.h"
#include "record/request.h"

#include <ucontext.h>

/* Where the records of an answer go. A record's head is not filled in but for its type and its length. */
struct report_sink {
  void (*write)(struct report_sink *sink, struct fh_report *report);
};

/*
 * What this library can answer; requests of a kind that is NULL are answered by FH_ANSWER_NOT_POSSIBLE. The functions
 * are called in the copy, where `here` is the state of the thread that took the signal; they must not take a lock.
 */
struct request_answers {
  /* Writes up to `most` (0: as many as it thinks fit) records of kind leak, with `reachable` also those of what is
   * still reachable; fills in the counts of `answer`. False when there was no memory. */
  bool (*leaks)(const ucontext_t *here, bool reachable, size_t most, struct report_sink *sink,
                struct fh_record_answer *answer);
  /* The chain that keeps the object at `address`: `record` and `steps`, of which there is room for `most`, are filled
   * in but for the head's magic, version and process. Returns how many steps were filled in. */
  size_t (*why)(const ucontext_t *here, uintptr_t address, struct fh_record_chain *record,
                struct fh_chain_step *steps, size_t most);
  /* Looks at the fences of all objects. */
  void (*fences)(struct report_sink *sink);
};
/* Written once, before request_start or soon after it. */
INTERNAL extern struct request_answers request_answers;

/* Once, when the library is loaded: takes a real-time signal that has no handler yet and makes it known. False when
 * there is none, or the note can't be mapped; requests are then not possible. A child of fork needs no call. */
bool request_start(void);

#endif
