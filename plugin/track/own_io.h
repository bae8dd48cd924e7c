/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OWN_IO_H
#define TASKSTATS_OWN_IO_H

#include "kernel/procfs.h"

/*
 * What a process itself has read and written. The kernel adds the I/O of
 * children to that of the parent which waits for them (wait_task_zombie), and
 * only there. Between two waits, what <pid>/io grows by is exact. Across a
 * wait, it is what the living threads and the exit records of ended ones add up
 * to; unless these records' rounding explains all that is beyond, and no child
 * is known to have done any. The threads are read a moment later: what they do
 * meanwhile is counted then, and not again by the next sample.
 */

struct own_io; /* what is kept of a process that has waited, or whose threads
                * have ended */

/* What a sample tells beside <pid>/io. */
struct own_io_sample {
  bool may_have_waited;    /* else all of it is the process's own */
  bool has_io_of_children; /* for sure */
  /* As procfs_stat, read before <pid>/io and after it. */
  uint64_t children_faults_before, children_faults;
  /* Of the living threads, read after <pid>/io: of one that may have waited. */
  bool has_living;
  struct procfs_io living;
  bool knows_ended;          /* exit records arrive */
  uint32_t ended;            /* threads that have ended so far */
  struct procfs_io of_ended; /* their exit records; without calls */
};

/* Sets io, which is what was read, to what is the process's own. last is what
 * was the process's own at the last sample; own_io is made if it is needed.
 * Returns 0, or -ENOMEM: then the sample's I/O cannot be used. */
int own_io_update(struct own_io **own_io, const struct own_io_sample *sample,
                  const struct procfs_io *last, struct procfs_io *io);

/* Takes NULL. */
void own_io_destroy(struct own_io *own_io);

/* Whether the process may have waited for a child since the last sample. */
bool own_io_may_have_waited(const struct own_io *own_io,
                            const struct own_io_sample *sample);

#endif
