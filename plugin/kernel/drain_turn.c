/* SPDX-License-Identifier: MIT */
#include "kernel/drain_turn.h"

static void lock(struct drain_turn *turn) ACQUIRES(turn_mutex) UNCHECKED {
  mutex_lock(&turn->mutex);
}

static void unlock(struct drain_turn *turn) RELEASES(turn_mutex) UNCHECKED {
  mutex_unlock(&turn->mutex);
}

void drain_turn_init(struct drain_turn *turn) UNCHECKED {
  *turn = (struct drain_turn){.is_taken = false};
  mutex_init(&turn->mutex);
  pthread_cond_init(&turn->ended, NULL);
}

void drain_turn_destroy(struct drain_turn *turn) {
  pthread_cond_destroy(&turn->ended);
  mutex_destroy(&turn->mutex);
}

bool drain_turn_begin(struct drain_turn *turn, bool is_callers) UNCHECKED {
  lock(turn);
  turn->callers += is_callers;
  while (turn->is_taken || (!is_callers && turn->callers > 0))
    pthread_cond_wait(&turn->ended, &turn->mutex.pthread);
  turn->callers -= is_callers;
  bool was_left = turn->was_left;
  turn->is_taken = true;
  turn->is_callers = is_callers;
  turn->was_left = false;
  unlock(turn);
  return was_left;
}

static void end_turn(struct drain_turn *turn, bool was_left)
    EXCLUDES(turn_mutex) {
  lock(turn);
  turn->is_taken = false;
  turn->was_left = was_left;
  pthread_cond_broadcast(&turn->ended);
  unlock(turn);
}

void drain_turn_end(struct drain_turn *turn) UNCHECKED {
  end_turn(turn, false);
}

bool drain_turn_is_callers(struct drain_turn *turn) {
  lock(turn);
  bool is_callers = turn->is_callers;
  unlock(turn);
  return is_callers;
}

void drain_turn_leave(struct drain_turn *turn) { end_turn(turn, true); }
