/* request.h: asking a checked process that runs; the asker's side of record/request.h. */
#ifndef FREEHOLD_PROC_REQUEST_H
#define FREEHOLD_PROC_REQUEST_H

#include <sys/types.h>

#include "record/request.h"

enum { REQUEST_REASON_BYTES = 512 };

enum request_result {
  REQUEST_SENT,
  REQUEST_NO_PROCESS,
  REQUEST_NOT_CHECKED,   /* no checking library in it, or one that speaks another version */
  REQUEST_NOT_PERMITTED, /* the process is another user's, or can't see this one */
  REQUEST_NOT_HEARD,     /* nobody would answer: the signal is blocked or not caught, or the process is stopped */
  REQUEST_FAILED,
};

/* For what is said: "freehold leaks"; and what is wrong with a process that has not the library, and what to do. */
struct request_asker {
  const char *command, *missing;
};

/* Sends a request. The answer's records appear in *descriptor, from byte sizeof(struct fh_request) on; the caller closes
 * it. For anything but REQUEST_SENT `reason` says what, why and what to do. As root this becomes the process's user,
 * for good. */
enum request_result request_send(pid_t pid, const struct fh_request *request, const struct request_asker *asker,
                                 int *descriptor, char *reason);

#endif
