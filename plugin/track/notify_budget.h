/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_NOTIFY_BUDGET_H
#define TASKSTATS_NOTIFY_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Limits a group's notifications per second; further ones are counted, and
 * summarised in one.
 */
struct notify_budget {
  uint64_t second; /* CLOCK_MONOTONIC */
  uint32_t admitted;
  uint32_t ok, error, signal; /* suppressed ones, by how the processes ended */
};

/* Whether the exit of a process, with this wait status, may be reported now, at
 * most rate times per second; else counts it. */
bool notify_budget_admit(struct notify_budget *budget, uint64_t now_s,
                         uint32_t rate, uint32_t exit_code);

/* Counts an exit that could not be reported. */
void notify_budget_suppress(struct notify_budget *budget, uint32_t exit_code);

/* The number of exits that were counted but not reported. */
uint32_t notify_budget_suppressed(const struct notify_budget *budget);

/* Whether any exits of a past second were suppressed: if so, writes the
 * summary, and the wait status of the worst exit, for the severity. They stay
 * counted until the caller resets the budget. */
bool notify_budget_sum_up(const struct notify_budget *budget, uint64_t now_s,
                          char *text, size_t size, uint32_t *worst);

#endif
