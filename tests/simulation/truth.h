/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TRUTH_H
#define TASKSTATS_TRUTH_H

#include "world.h"

/*
 * What the groups' totals have to be, from the history itself. What the plugin
 * cannot know, such as when between two reads a process changed its name, makes
 * a range instead of a number.
 *
 * Groups are numbered: SET_A and SET_B have the processes of these names, SET_D
 * those called "d" and their descendants, perhaps but for an exclusion, SET_C
 * those whose command line has a "c", SET_ALL is A and B together. Nobody asks
 * for those called "x".
 */
enum set { SET_A, SET_B, SET_D, SET_C, SET_ALL, SETS };

enum ending { ENDING_OK, ENDING_ERROR, ENDING_SIGNAL, ENDINGS };

/* The processes that SET_D excludes: those called "x", or whose command line
 * has a "c". */
enum left_out { LEAVES_OUT_NONE, LEAVES_OUT_X, LEAVES_OUT_C, LEFT_OUTS };

struct range {
  int64_t least, most;
};

struct truth {
  struct range used[SETS][USES];
  struct range ended[SETS][ENDINGS];
};

/* SET_D has no descendants unless has_descendants, and excludes none. */
void truth_reset(bool has_descendants, enum left_out of_d);

/* Must be called in the order of the history. Processes are indexes of the
 * world. */
void truth_begin(unsigned int process, bool is_before_plugin);
void truth_use(unsigned int process, const uint64_t used[USES]);
/* Before it changes. */
void truth_name(unsigned int process, const char *comm);
void truth_exec(unsigned int process, const char *comm, bool has_c);
void truth_exit(unsigned int process, uint32_t exit_code);
void truth_end_task(unsigned int process); /* its record rounds bytes down */
/* An exit record of it is dropped. */
void truth_lose(unsigned int process, const struct record *record);
/* After it happened: an event is sent, or dropped. */
void truth_event(unsigned int process, const struct process_event *event);
void truth_lose_event(unsigned int process, const struct process_event *event);
void truth_tell_losses(void); /* to the plugin */
/* Before and after the plugin takes one. */
void truth_begin_event(unsigned int process);
void truth_end_event(unsigned int process, const struct process_event *event);
void truth_begin_read(void);
void truth_end_read(bool is_listing);

void truth_sum_up(struct truth *truth);

#endif
