/*
 * isolation.h: keeping the programs of one run apart, so that none can reach another's memory, or the supervisor.
 *
 * Each program is in a Landlock domain of its own, which needs no root: the kernel then refuses ptrace and all that
 * goes by the same right (/proc/PID/mem, maps, environ, fd; process_vm_readv and writev; pidfd_getfd; kcmp), signals
 * and abstract sockets to whatever is not in the domain, for root too. A seccomp filter closes what Landlock has no
 * rule for. Places where programs leave things are their own by private_places.h. docs/design/supervise.md has the
 * whole list.
 */
#ifndef FREEHOLD_SUPERVISE_ISOLATION_H
#define FREEHOLD_SUPERVISE_ISOLATION_H

#include <stdbool.h>
#include <stddef.h>

#include "tool/supervise/private_places.h"

enum isolation_part {
  ISOLATE_MEMORY = 1 << 0,  /* ptrace and its kin */
  ISOLATE_SIGNALS = 1 << 1, /* kill and its kin */
  ISOLATE_SOCKETS = 1 << 2, /* abstract unix sockets */
  ISOLATE_CALLS = 1 << 3,   /* system calls that go around the others */
  ISOLATE_PLACES = 1 << 4,  /* temporary files, shared memory by name */
  ISOLATE_KEYS = 1 << 5,    /* System V shared memory, queues and semaphores */
};

enum isolation_namespaces { NAMESPACES_NONE, NAMESPACES_OWN, NAMESPACES_OF_USER };

struct isolation {
  unsigned parts;                       /* enum isolation_part: what the kernel enforces here */
  long landlock_version;                /* 0: none */
  enum isolation_namespaces namespaces; /* how the places are made private; NONE: by rules of Landlock */
};

/* Tries everything once, in processes of its own. `places` are those of the run; slot 0 is used for it. */
void isolation_probe(struct isolation *isolation, const struct private_places *places);

/* Leaves parts out, as if the kernel had not offered them: for tests, "landlock,signals,namespaces,calls". */
void isolation_leave_out(struct isolation *isolation, const char *names);

/* In the process that becomes a program, which has the places of `slot`. 0, or an errno: then it must not be started. */
int isolation_apply(const struct isolation *isolation, const struct private_places *places, unsigned slot);

/* The parts in the order above, for people: what is not kept apart, and what it would take. NULL after the last. */
struct isolation_text {
  enum isolation_part part;
  const char *name; /* in the report */
  const char *what, *wanted;
};
extern const struct isolation_text isolation_texts[];
extern const size_t isolation_text_count;

#endif
