/*
 * peaks.h: what programs of a list have held at most, kept from run to run.
 *
 * One small text file for each list, in XDG_STATE_HOME/freehold (else ~/.local/state/freehold): a first line with the
 * version, then for each program its identity and its peak in bytes. It is written anew beside the old one and
 * renamed, so that whoever reads it, or a crash, finds one or the other. What can't be read or written does no harm:
 * nothing is known then.
 */
#ifndef FREEHOLD_SUPERVISE_PEAKS_H
#define FREEHOLD_SUPERVISE_PEAKS_H

#include "tool/supervise/job.h"

/* Sets job->learned of each that is known. */
void peaks_read(const struct job_list *list, struct job *jobs, size_t count);
/* 0 or an errno. */
int peaks_write(const struct job_list *list, const struct job *jobs, size_t count);

#endif
