/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_DRAIN_TURN_H
#define TASKSTATS_DRAIN_TURN_H

#include "kernel/mutex.h"

#include <stdbool.h>

/*
 * Whose turn it is to drain: the listener's, or that of some caller. No lock is
 * held meanwhile, since who drains may be left behind (kernel/hang_guard.h).
 */

/* Stand for the turn, and for the lock inside. */
extern struct mutex draining_turn, turn_mutex;

struct drain_turn {
  struct mutex mutex; /* turn_mutex */
  pthread_cond_t ended;
  bool is_taken GUARDED_BY(turn_mutex);
  bool is_callers GUARDED_BY(turn_mutex);
  bool was_left GUARDED_BY(turn_mutex);        /* the last one, in its middle */
  unsigned int callers GUARDED_BY(turn_mutex); /* that wait for their turn */
};

void drain_turn_init(struct drain_turn *turn);
void drain_turn_destroy(struct drain_turn *turn);

/* Waits for the turn. Callers go first: the listener would be back before they
 * have woken. Returns whether the thread before was left behind. */
bool drain_turn_begin(struct drain_turn *turn, bool is_callers)
    ACQUIRES(draining_turn) EXCLUDES(turn_mutex);

void drain_turn_end(struct drain_turn *turn) RELEASES(draining_turn)
    EXCLUDES(turn_mutex);

/* Whether the turn is a caller's. */
bool drain_turn_is_callers(struct drain_turn *turn) EXCLUDES(turn_mutex);

/* Ends the turn of another thread, which has been left behind. */
void drain_turn_leave(struct drain_turn *turn) EXCLUDES(turn_mutex);

#endif
