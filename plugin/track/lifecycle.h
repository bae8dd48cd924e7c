/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_LIFECYCLE_H
#define TASKSTATS_LIFECYCLE_H

#include <stdbool.h>

/*
 * The life of a process as the plugin learns of it. Nothing else changes a
 * state. No function here makes a system call, reads a clock or takes a lock.
 */

/* A byte, since there are many processes. */
enum __attribute__((packed)) process_state {
  PROCESS_ANNOUNCED, /* a fork or an exited thread has shown it, but no listing
                      */
  PROCESS_LISTED,    /* a listing of /proc has shown it */
  PROCESS_EXITED,    /* its exit is counted; no listing has shown it */
  PROCESS_ENDING, /* its exit is counted; a listing has shown it, and may do so
                   * until its parent has waited for it */
  PROCESS_STATES
};

/* What the reader or the listener has found out about a process. */
enum process_fact {
  FACT_LISTED,   /* a listing shows it */
  FACT_UNLISTED, /* a complete listing that began after it was known lacks it,
                  * or its pid is another process's: all its exit records have
                  * been taken, or were lost */
  FACT_EXITED,   /* the record of its last thread has arrived */
  PROCESS_FACTS
};

/* What is to be done. */
enum process_action {
  ACTION_NONE,
  ACTION_RESOLVE,       /* find out its groups */
  ACTION_SAMPLE,        /* count what it has used, if it is a member */
  ACTION_SAMPLE_ENDING, /* correct what its exit record could only estimate */
  ACTION_COUNT_EXIT,    /* count its exit for the groups that a read resolved */
  ACTION_RESOLVE_EXIT, /* the same, for the groups that its exit record shows */
  ACTION_FORGET,
};

/* What is to be done when a fact is found out in a state. */
enum process_action lifecycle_action(enum process_state state,
                                     enum process_fact fact);

/* The same; and moves the process to its next state. */
enum process_action lifecycle_advance(enum process_state *state,
                                      enum process_fact fact);

/* Whether a listing has shown it: then it is the reader's, and stays where it
 * is until a read forgets it. */
static inline bool lifecycle_is_listed(enum process_state state) {
  return state == PROCESS_LISTED || state == PROCESS_ENDING;
}

/* Whether its exit is counted. */
static inline bool lifecycle_has_exited(enum process_state state) {
  return state == PROCESS_EXITED || state == PROCESS_ENDING;
}

#endif
