/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_COUNTERS_H
#define TASKSTATS_COUNTERS_H

#include "kernel/record.h"

/*
 * The use of processes, as counters that grow from a process's start. All
 * counters of the plugin are listed here.
 */
enum counter {
  COUNTER_CPU_USER,   /* ns */
  COUNTER_CPU_SYSTEM, /* ns */
  COUNTER_READ_CHARS, /* bytes through read-like calls */
  COUNTER_WRITE_CHARS,
  COUNTER_READ_CALLS,
  COUNTER_WRITE_CALLS,
  COUNTER_READ_BYTES, /* bytes from storage */
  COUNTER_WRITE_BYTES,
  COUNTER_SWITCHES_VOLUNTARY,
  COUNTER_SWITCHES_INVOLUNTARY,
  COUNTER_FAULTS_MINOR,
  COUNTER_FAULTS_MAJOR,
  COUNTER_DELAY,                               /* ns; one for each kind */
  COUNTER_WAITS = COUNTER_DELAY + DELAY_KINDS, /* one for each kind */
  /* the counters of a single process */
  USE_COUNTERS = COUNTER_WAITS + DELAY_KINDS,
  COUNTER_EXIT_OK = USE_COUNTERS, /* processes that ended in this way */
  COUNTER_EXIT_ERROR,
  COUNTER_EXIT_SIGNAL,
  COUNTER_EXIT_OOM, /* a part of the latter */
  COUNTERS
};

/* The current state of processes. */
enum gauge {
  GAUGE_PROCESSES,
  GAUGE_THREADS,
  GAUGE_RSS, /* bytes */
  GAUGE_VM,
  GAUGE_DATA,
  GAUGE_CODE,
  GAUGE_FILES, /* open files */
  /* The number of processes for which it is known; the sum is known if that is
   * all of them. */
  GAUGE_KNOWN_MEMORY,
  GAUGE_KNOWN_FILES,
  GAUGE_WITHOUT_IO, /* members whose I/O cannot be read */
  GAUGES
};

#endif
