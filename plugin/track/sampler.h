/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_SAMPLER_H
#define TASKSTATS_SAMPLER_H

#include "track/member.h"
#include "track/tracker.h"

/*
 * Looks at members: their records from the kernel, many in one request, their
 * CPU clocks and what procfs has. Belongs to one thread.
 */

struct sampler;

/* proc and tracker stay the caller's. Returns NULL if memory is short. */
struct sampler *sampler_create(struct procfs *proc, struct tracker *tracker);

/* Takes NULL. */
void sampler_destroy(struct sampler *sampler);

/* What went wrong since sampler_begin: 0 or a negative errno each. */
struct sampler_status {
  int taskstats;        /* no records: CPU, I/O and counts go on without. Not
                         * if only some members have none */
  uint32_t delays;      /* the kinds of delay that are counted, as 1 << kind */
  int delay_accounting; /* -ENODATA: it is off; else why it cannot be told */
};

/* Drops what was queued, for the next read to look at, which uses proc. */
void sampler_abandon_batch(struct sampler *sampler, struct procfs *proc);

/* Begins a read. Connects to the kernel if there is no connection. */
void sampler_begin(struct sampler *sampler);

/* Queues a member that ran since it was last looked at: process->clock_ns must
 * have been read now. Its groups get what it used by the next sampler_flush at
 * the latest. A process that turns out to be gone is marked so, and counts for
 * nothing, whoever has its pid by then. */
void sampler_add(struct sampler *sampler, struct process *process)
    EXCLUDES(tracker_mutex);

void sampler_flush(struct sampler *sampler) EXCLUDES(tracker_mutex);

/* Looks at a member whose exit record is booked, while it is still there. */
void sampler_look_at_exited(struct sampler *sampler, struct process *process)
    EXCLUDES(tracker_mutex);

/* Looks at a member that did not run: its counters stand as they are, but its
 * memory may have been taken. may_have_ended says whether it may be a zombie
 * that no exit record has told of. */
void sampler_look_at_idle(struct sampler *sampler, struct process *process,
                          bool may_have_ended);

/* Forgets a member and closes what was kept open for it. Takes NULL. */
void sampler_forget(struct sampler *sampler, struct member *member)
    REQUIRES(tracker_mutex);

/* The device and inode by which the kernel knows the executable of a process.
 * Returns false if they cannot be had: before version 12, or without a
 * connection. */
bool sampler_find_executable(struct sampler *sampler, pid_t pid, uint64_t *dev,
                             uint64_t *inode);

void sampler_status(const struct sampler *sampler,
                    struct sampler_status *status);

#endif
