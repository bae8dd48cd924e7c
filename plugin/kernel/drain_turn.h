/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_DRAIN_TURN_H
#define TASKSTATS_DRAIN_TURN_H

#include "kernel/mutex.h"

#include <stdbool.h>

/*
 * Serialises drains by the listener and by other threads. No lock is held
 * during a drain, because the draining thread may be abandoned
 * (kernel/hang_guard.h).
 */

/* Represent the turn, and the lock inside, for annotations only. */
extern struct mutex draining_turn, turn_mutex;

struct drain_turn {
  struct mutex mutex; /* turn_mutex */
  pthread_cond_t ended;
  bool is_taken GUARDED_BY(turn_mutex);
  bool is_callers GUARDED_BY(turn_mutex);
  /* the last turn was abandoned before it ended */
  bool was_left GUARDED_BY(turn_mutex);
  /* callers that wait for their turn */
  unsigned int callers GUARDED_BY(turn_mutex);
};

void drain_turn_init(struct drain_turn *turn);
void drain_turn_destroy(struct drain_turn *turn);

/* Waits for the turn. Callers have precedence: otherwise the listener would
 * return before they have woken. Returns whether the previous thread was
 * abandoned. */
bool drain_turn_begin(struct drain_turn *turn, bool is_callers)
    ACQUIRES(draining_turn) EXCLUDES(turn_mutex);

void drain_turn_end(struct drain_turn *turn) RELEASES(draining_turn)
    EXCLUDES(turn_mutex);

/* Whether the current turn is a caller's. */
bool drain_turn_is_callers(struct drain_turn *turn) EXCLUDES(turn_mutex);

/* Ends the turn of another thread, which was abandoned. */
void drain_turn_leave(struct drain_turn *turn) EXCLUDES(turn_mutex);

#endif
