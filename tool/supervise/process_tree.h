/*
 * process_tree.h: a process and all that descend from it, as /proc shows them.
 *
 * The root of a tree is a keeper (keeper.h): a process of ours that every orphan of the program is handed to. It
 * does not belong to the program itself, so all functions leave it out. Where the program has a control group of its
 * own, the group's list of processes is read instead; it can't miss one.
 */
#ifndef FREEHOLD_SUPERVISE_PROCESS_TREE_H
#define FREEHOLD_SUPERVISE_PROCESS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct pid_list {
  pid_t *pids;
  size_t count, room;
};
void pid_list_add(struct pid_list *list, pid_t pid);
bool pid_list_has(const struct pid_list *list, pid_t pid);
void pid_list_destroy(struct pid_list *list);

/* The descendants of `root`, parents before their children. What is there already is replaced. */
void process_tree_collect(pid_t root, struct pid_list *into);

/* Nanoseconds of processor time that the tree has used, with those of it that have ended. Exact for the living; what
 * has ended counts in the kernel's ticks. */
uint64_t process_tree_cpu(pid_t root, const struct pid_list *tree);

/* Whether any thread of these processes is running or waits for a processor. */
bool process_tree_wants_processor(const struct pid_list *tree);

/* Stops every process with SIGSTOP, and goes on until none is left that could start another. In *stopped: those to
 * continue later; one that stood still already is not among them. */
void process_tree_stop(pid_t root, struct pid_list *stopped);
void process_tree_continue(struct pid_list *stopped);

/* Sends a signal to every descendant that has not ended. How many there were. */
size_t process_tree_signal(pid_t root, int signal_number);

/* The state letter of /proc/PID/stat, or '\0' when it is gone. */
char process_state(pid_t pid);

#endif
