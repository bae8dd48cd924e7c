/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TRUTH_H
#define TASKSTATS_TRUTH_H

#include "world.h"

/*
 * The expected totals of the groups, from the history itself. If the plugin
 * lacks information, such as when between two reads a process changed its name,
 * the expected total is a range.
 *
 * SET_A and SET_B contain the processes with these names; SET_D those named "d"
 * and their descendants, possibly with an exclusion; SET_C those whose command
 * line contains a "c"; SET_ALL is A and B together. No rule selects those named
 * "x".
 */
enum set { SET_A, SET_B, SET_D, SET_C, SET_ALL, SETS };

enum ending { ENDING_OK, ENDING_ERROR, ENDING_SIGNAL, ENDINGS };

/* The processes that SET_D excludes: those named "x", or those whose command
 * line contains a "c". */
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
/* Must be called before the change. */
void truth_name(unsigned int process, const char *comm);
void truth_exec(unsigned int process, const char *comm, bool has_c);
void truth_exit(unsigned int process, uint32_t exit_code);
/* The record rounds bytes down. */
void truth_end_task(unsigned int process, const struct record *record);
/* An exit record of it is dropped. */
void truth_lose(unsigned int process, const struct record *record);
/* Must be called after the change: its event is sent, or lost. */
void truth_event(unsigned int process, const struct process_event *event);
void truth_lose_event(unsigned int process, const struct process_event *event);
void truth_tell_losses(void); /* reports losses of events to the plugin */
/* Before and after the plugin takes one. */
void truth_begin_event(unsigned int process);
void truth_end_event(unsigned int process, const struct process_event *event);
void truth_begin_read(void);
void truth_end_read(bool is_listing);

void truth_sum_up(struct truth *truth);

#endif
