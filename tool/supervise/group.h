/*
 * group.h: a control group (cgroup v2) for each program, where this user may make one.
 *
 * It pauses every process of a program at once, without a signal that the program could see (cgroup.freeze), tells
 * what they have used of the processors, ends them together (cgroup.kill, Linux 5.14), and can't lose one. No
 * controller is needed for it. Where it can't be had, process_tree.h does the same by other means.
 */
#ifndef FREEHOLD_SUPERVISE_GROUP_H
#define FREEHOLD_SUPERVISE_GROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "tool/supervise/process_tree.h"

/* The group of the whole run, in which each program gets one of its own. */
struct group_root {
  char path[PATH_MAX]; /* "" when there is none */
  char reason[256];    /* then: why */
};

/* Makes it below this process's own group. False with the reason when that can't be. */
bool group_root_create(struct group_root *root);
void group_root_remove(struct group_root *root);

struct group {
  char path[PATH_MAX + 32]; /* "" for none */
};
bool group_create(const struct group_root *root, struct group *group, unsigned number, unsigned attempt);
/* Puts the calling process into it. 0 or an errno. Async-signal-safe. */
int group_join(const struct group *group);
/* 0 or an errno. Freezing is done when this returns, or will be soon: the kernel says when (cgroup.events). */
int group_freeze(const struct group *group, bool frozen);
/* Nanoseconds; false when it can't be read. */
bool group_cpu(const struct group *group, uint64_t *nanoseconds);
bool group_processes(const struct group *group, struct pid_list *into);
/* Ends every process in it. 0, or an errno where the kernel has no cgroup.kill. */
int group_kill(const struct group *group);
/* Removes it once it is empty; whether it is gone. */
bool group_remove(struct group *group);

#endif
