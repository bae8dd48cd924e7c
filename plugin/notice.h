/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_NOTICE_H
#define TASKSTATS_NOTICE_H

#include "exits.h"

/*
 * What is said when a process has ended: one line that a person can act on. A
 * group may say so many a second; what is beyond is counted and summed up.
 */

/* Writes what an event says into size bytes. */
void notice_describe(const struct exit_event *event, char *text, size_t size);

/* The signal's name, "SIGKILL", or "signal 40" for one that has none. */
void notice_signal_name(int signal, char *text, size_t size);

/* What is left unsaid of a group within a second. */
struct notice_budget {
  uint64_t second; /* CLOCK_MONOTONIC */
  uint32_t said;
  uint32_t ok, error, signal; /* unsaid, by how they ended */
};

/* Whether an event may be said now, at rate a second at most; else counts it.
 */
bool notice_admit(struct notice_budget *budget, uint64_t now_s, uint32_t rate,
                  const struct exit_event *event);

/* Counts an event that could not be said. */
void notice_leave_unsaid(struct notice_budget *budget,
                         const struct exit_event *event);

bool notice_has_unsaid(const struct notice_budget *budget);

/* Whether there is something unsaid of a second that is over: then writes the
 * summary, and the wait status of the worst end, for its severity. What is
 * unsaid stays counted until the caller sets the budget anew. */
bool notice_sum_up(const struct notice_budget *budget, uint64_t now_s,
                   char *text, size_t size, uint32_t *worst);

#endif
