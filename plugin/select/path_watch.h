/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PATH_WATCH_H
#define TASKSTATS_PATH_WATCH_H

#include "select/executable.h"
#include "select/path_child.h"

#include <stddef.h>

/*
 * Configured paths: which process a pid file names, which file an executable
 * is. A thread of its own has them looked at again and again, by a child
 * process (path_child.h), and so whoever asks what is known never waits for a
 * disk or a file server. Any thread may ask.
 */

struct path_watch;

/* Begins to watch a path, once the thread runs. Returns NULL if memory is
 * short.
 */
struct path_watch *path_watch_create(enum path_kind kind, const char *path);

/* Takes NULL. */
void path_watch_destroy(struct path_watch *watch);

/* Starts the thread, if there is a path to watch. Returns 0 or a negative
 * errno.
 */
int path_watch_start(void);

/* Ends it, whatever hangs. */
void path_watch_stop(void);

/* Waits until a look at each path has ended, but no longer than that. For the
 * start only. */
void path_watch_wait(unsigned int most_ms);

/* To be called at each read: paths are looked at about ten times between two
 * reads, and at least once a second. Returns a number that changes whenever the
 * file that an executable is has. */
uint32_t path_watch_note_read(void);

/* The processes that a pid file names, or all that wildcards stand for. While
 * one cannot be read or understood, those that were named before stay. */
void path_watch_pids(struct path_watch *watch, struct pid_set *pids);

/* Whether a process is one of them. */
bool path_watch_has_pid(struct path_watch *watch, pid_t pid);

/* As executable_has_path; or whether it is the configured path itself. */
bool path_watch_has_path(struct path_watch *watch, const char *path);

/* As executable_has_name; or whether it is the configured path's. */
bool path_watch_has_name(struct path_watch *watch, const char *name);

/* As executable_is. */
enum path_is path_watch_is(struct path_watch *watch, uint64_t dev,
                           uint64_t inode);

/* As executable_learn. An inode of 0 is ignored. */
void path_watch_learn(struct path_watch *watch, uint64_t dev, uint64_t inode);

/* How the looks at a path have come to end, if otherwise than before. */
struct path_change {
  enum path_kind kind;
  char path[256]; /* cut if it is longer */
  int error;      /* 0; -ETIMEDOUT if it does not answer; or a negative errno as
                   * path_answer.status */
};

/* Takes the next change that nobody was told of. Paths that can be looked at,
 * and pid files that are not there, are none. Returns false if there is none.
 */
bool path_watch_take_change(struct path_change *change);

#endif
