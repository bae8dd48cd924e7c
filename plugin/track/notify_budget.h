/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_NOTIFY_BUDGET_H
#define TASKSTATS_NOTIFY_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How many notices a group may give in a second; what is beyond is counted, to
 * be summed up in one.
 */
struct notify_budget {
  uint64_t second; /* CLOCK_MONOTONIC */
  uint32_t said;
  uint32_t ok, error, signal; /* unsaid, by how the processes ended */
};

/* Whether the end of a process, by its wait status, may be said now, at rate a
 * second at most; else counts it. */
bool notify_budget_admit(struct notify_budget *budget, uint64_t now_s,
                         uint32_t rate, uint32_t exit_code);

/* Counts an end that could not be said. */
void notify_budget_leave_unsaid(struct notify_budget *budget,
                                uint32_t exit_code);

/* How many ends were counted and not said. */
uint32_t notify_budget_unsaid(const struct notify_budget *budget);

/* Whether there is something unsaid of a second that is over: then writes the
 * summary, and the wait status of the worst end, for its severity. What is
 * unsaid stays counted until the caller sets the budget anew. */
bool notify_budget_sum_up(const struct notify_budget *budget, uint64_t now_s,
                          char *text, size_t size, uint32_t *worst);

#endif
