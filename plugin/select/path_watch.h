/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PATH_WATCH_H
#define TASKSTATS_PATH_WATCH_H

#include "select/executable.h"
#include "select/path_child.h"

#include <stddef.h>

/*
 * Configured paths: which processes a pid file names, and which file an
 * executable is. A thread has a child process look at them repeatedly
 * (path_child.h), so that callers never wait for a disk or a file server. All
 * functions may be called by any thread unless stated.
 */

struct path_watch;

/* Adds a path to watch. Returns NULL if out of memory. */
struct path_watch *path_watch_create(enum path_kind kind, const char *path);

/* watch may be NULL. */
void path_watch_destroy(struct path_watch *watch);

/* Starts the thread if there is a path to watch. Returns 0 or a negative errno.
 */
int path_watch_start(void);

/* Ends the thread, even if children hang. */
void path_watch_stop(void);

/* Waits until each path was looked at, but at most most_ms. Only for the start.
 */
void path_watch_wait(unsigned int most_ms);

/* Must be called at each read: paths are looked at about ten times between two
 * reads, and at least once per second. Returns a number that changes whenever
 * the file of an executable changes. */
uint32_t path_watch_note_read(void);

/* The processes that a pid file names, or all files that match its wildcards.
 * If a file cannot be read or parsed, the processes that it named before stay.
 */
void path_watch_pids(struct path_watch *watch, struct pid_set *pids);

/* Whether a pid file names a process. */
bool path_watch_has_pid(struct path_watch *watch, pid_t pid);

/* As executable_has_path; also true for the configured path itself. */
bool path_watch_has_path(struct path_watch *watch, const char *path);

/* As executable_has_name; also true for the name of the configured path. */
bool path_watch_has_name(struct path_watch *watch, const char *name);

/* As executable_is. */
enum path_is path_watch_is(struct path_watch *watch, uint64_t dev,
                           uint64_t inode);

/* As executable_learn. An inode of 0 is ignored. */
void path_watch_learn(struct path_watch *watch, uint64_t dev, uint64_t inode);

/* A change in the result of looking at a path. */
struct path_change {
  enum path_kind kind;
  char path[256]; /* truncated if necessary */
  int error; /* 0; -ETIMEDOUT if it does not answer; or a negative errno as in
                path_answer.status */
};

/* Takes the next unreported change. A path that could be read from the start,
 * and a missing pid file, are not changes. Returns false if there is none. */
bool path_watch_take_change(struct path_change *change);

#endif
