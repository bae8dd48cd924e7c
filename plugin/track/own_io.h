/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_OWN_IO_H
#define TASKSTATS_OWN_IO_H

#include "kernel/procfs.h"

/*
 * Determines what a process itself has read and written. The kernel adds the
 * I/O of children to that of the parent that waits for them (wait_task_zombie),
 * and only there. Between two waits, the increase of <pid>/io is exact. Across
 * a wait, it is the sum over the living threads and the exit records of ended
 * ones, unless the rounding of these records explains the rest, and no child is
 * known to have done I/O. The threads are read slightly later: what they do
 * meanwhile is counted then, and not again with the next sample.
 */

struct own_io; /* The state for a process that has waited, or whose threads have
                  ended. */

/* The parts of a sample other than <pid>/io. */
struct own_io_sample {
  bool may_have_waited;    /* else everything is the process's own */
  bool has_io_of_children; /* certainly */
  /* As in procfs_stat, read before <pid>/io and after it. */
  uint64_t children_faults_before, children_faults;
  /* Of the living threads, read after <pid>/io if the process may have waited.
   */
  bool has_living;
  struct procfs_io living;
  bool knows_ended; /* exit records are received */
  uint32_t ended;   /* number of threads that have ended so far */
  /* their exit records; without the number of calls */
  struct procfs_io of_ended;
};

/* Reduces io, as read, to the process's own I/O. last is the process's own I/O
 * at the last sample; own_io is allocated if necessary. Returns 0, or -ENOMEM:
 * then the sample's I/O must not be used. */
int own_io_update(struct own_io **own_io, const struct own_io_sample *sample,
                  const struct procfs_io *last, struct procfs_io *io);

/* own_io may be NULL. */
void own_io_destroy(struct own_io *own_io);

/* Whether the process may have waited for a child since the last sample. */
bool own_io_may_have_waited(const struct own_io *own_io,
                            const struct own_io_sample *sample);

#endif
