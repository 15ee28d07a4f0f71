/*
 * private_places.h: /tmp, /var/tmp, /dev/shm and TMPDIR, for each program its own.
 *
 * In a mount namespace of its own a program finds there what was there when it started, under the same names, and
 * what it makes beside it goes to a directory of its own: no other program of the run can find it. When the run has
 * ended, what is left moves to where the program meant it, so that nothing is lost:
 *
 *     /tmp/.freehold-run-PID-AbCdEf/2/report.txt             while program 7 runs, in place 2
 *     /tmp/.freehold-run-PID-AbCdEf/kept-7/report.txt        when it has ended
 *     /tmp/report.txt      (/tmp/report.txt.freehold-7, if that is taken)      when all have
 *
 * What was there before is mounted: it can be changed, but neither renamed nor removed while the program runs. To mount
 * it there has to be something to mount on, which takes longer than all else; so what one program has done with, the next
 * one gets. In between the directory is called idle-2: what has no such name is in use.
 */
#ifndef FREEHOLD_SUPERVISE_PRIVATE_PLACES_H
#define FREEHOLD_SUPERVISE_PRIVATE_PLACES_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum { PRIVATE_PLACES_MOST = 4 };

struct private_place {
  char place[PATH_MAX]; /* "/tmp" */
  char root[PATH_MAX];  /* "/tmp/.freehold-run-PID-AbCdEf" */
};

struct private_places {
  struct private_place places[PRIVATE_PLACES_MOST];
  size_t count;
};

/* Makes the directories of the run. False, with errno, when there can be none in some place. */
bool private_places_begin(struct private_places *places);
/* Makes those of one program at a time, or takes those that are idle under this number. 0 or an errno. */
int private_places_take(const struct private_places *places, unsigned slot);

/* In the process that becomes the program: enters a mount namespace in which the places are its own. With `user` that
 * takes a user namespace too, in which this user keeps its number. 0 or an errno. */
int private_places_enter(const struct private_places *places, unsigned slot, bool user);

/* The directory of one program in one place, which it is shown as the place. */
void private_place_path(const struct private_place *place, unsigned slot, char *path, size_t bytes);

/* Keeps what program `number` has left, and makes its directories idle. No process of it may be there any more. */
void private_places_leave(const struct private_places *places, unsigned slot, unsigned number);

/* Moves what was kept to where the programs meant it, that of lower numbers first, and removes all directories but those in
 * use. `say` (or NULL) is told about what had to get another name. */
void private_places_end(struct private_places *places, void (*say)(void *context, const char *sentence),
                        void *context);

#endif
