/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_LIFECYCLE_H
#define TASKSTATS_LIFECYCLE_H

#include <stdbool.h>

/*
 * The life cycle of a process as the plugin knows it. No other code changes a
 * state. The functions make no system calls, read no clocks and take no locks.
 */

/* One byte, because there are many processes. */
enum __attribute__((packed)) process_state {
  PROCESS_ANNOUNCED, /* known from a fork or an exited thread, but not from a
                        listing */
  PROCESS_LISTED,    /* a listing of /proc contained it */
  PROCESS_EXITED,    /* its exit is counted; no listing contained it */
  PROCESS_ENDING, /* its exit is counted; a listing contained it, and may do so
                     until its parent has waited for it */
  PROCESS_STATES
};

/* What the reader or the listener has found out about a process. */
enum process_fact {
  FACT_LISTED,   /* a listing contains it */
  FACT_UNLISTED, /* a complete listing that started after it was known lacks it,
                    or its pid was reused: all its exit records have been taken,
                    or were lost */
  FACT_EXITED,   /* the record of its last thread has arrived */
  PROCESS_FACTS
};

/* What has to be done. */
enum process_action {
  ACTION_NONE,
  ACTION_RESOLVE,       /* determine its groups */
  ACTION_SAMPLE,        /* count its use, if it is a member */
  ACTION_SAMPLE_ENDING, /* correct what the exit record could only estimate */
  ACTION_COUNT_EXIT,    /* count its exit for the groups that a read resolved */
  ACTION_RESOLVE_EXIT,  /* the same for the groups determined from its exit
                           record */
  ACTION_FORGET,
};

/* The action for a fact in a state. */
enum process_action lifecycle_action(enum process_state state,
                                     enum process_fact fact);

/* The same; also moves the process to its next state. */
enum process_action lifecycle_advance(enum process_state *state,
                                      enum process_fact fact);

/* Whether a listing contained it: then the reader owns it, and it stays at its
 * place until a read removes it. */
static inline bool lifecycle_is_listed(enum process_state state) {
  return state == PROCESS_LISTED || state == PROCESS_ENDING;
}

/* Whether its exit is counted. */
static inline bool lifecycle_has_exited(enum process_state state) {
  return state == PROCESS_EXITED || state == PROCESS_ENDING;
}

#endif
