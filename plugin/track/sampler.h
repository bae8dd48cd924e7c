/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_SAMPLER_H
#define TASKSTATS_SAMPLER_H

#include "track/member.h"
#include "track/tracker.h"

/*
 * Samples members: their records from the kernel, many in one request, their
 * CPU clocks and procfs files. Used by one thread.
 */

struct sampler;

/* proc and tracker remain owned by the caller. Returns NULL if out of memory.
 */
struct sampler *sampler_create(struct procfs *proc, struct tracker *tracker);

/* sampler may be NULL. */
void sampler_destroy(struct sampler *sampler);

/* Failures since sampler_begin: 0 or a negative errno each. */
struct sampler_status {
  int taskstats; /* no records: CPU time, I/O and counts are still available. 0
                    if only some members have none */
  uint32_t delays;      /* the kinds of delay that are counted, as 1 << kind */
  int delay_accounting; /* -ENODATA: it is off; else why it is unknown */
};

/* Drops the queue, which the next read samples, using proc. */
void sampler_abandon_batch(struct sampler *sampler, struct procfs *proc);

/* Starts a read. Connects to the kernel if there is no connection. */
void sampler_begin(struct sampler *sampler);

/* Queues a member that ran since its last sample: process->clock_ns must have
 * just been read. Its use is added to its groups by the next sampler_flush at
 * the latest. A process that is found to have ended is marked so, and not
 * counted, even if its pid was reused. */
void sampler_add(struct sampler *sampler, struct process *process)
    EXCLUDES(tracker_mutex);

void sampler_flush(struct sampler *sampler) EXCLUDES(tracker_mutex);

/* Samples a member whose exit record was counted while it still exists. */
void sampler_look_at_exited(struct sampler *sampler, struct process *process)
    EXCLUDES(tracker_mutex);

/* Handles a member that did not run: its counters are unchanged, but its memory
 * may have been reclaimed. may_have_ended says whether it may be a zombie that
 * no exit record has reported. */
void sampler_look_at_idle(struct sampler *sampler, struct process *process,
                          bool may_have_ended);

/* Removes a member and closes what was kept open for it. member may be NULL. */
void sampler_forget(struct sampler *sampler, struct member *member)
    REQUIRES(tracker_mutex);

/* The device and inode of a process's executable in the kernel. Returns false
 * if they are unavailable: before version 12, or without a connection. */
bool sampler_find_executable(struct sampler *sampler, pid_t pid, uint64_t *dev,
                             uint64_t *inode);

void sampler_status(const struct sampler *sampler,
                    struct sampler_status *status);

#endif
