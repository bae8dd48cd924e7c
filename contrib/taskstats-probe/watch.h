/* SPDX-License-Identifier: MIT */
#ifndef PROBE_WATCH_H
#define PROBE_WATCH_H

#include "channel.h"

/*
 * Listens to exit records, from the registration to the report of losses.
 */
struct watch {
  const char *cpus; /* NULL: all */
  int buffer;       /* bytes; 0: CHANNEL_BUFFER, or as much as is granted */
  double seconds;   /* 0: until a signal or the handler ends it */
  channel_handler *handler;
  void *data;
};

/* First ends a thread of this process on the watched CPUs as a self-test, whose
 * record the handler does not see. SIGINT and SIGTERM end it. Returns an exit
 * status. */
int watch_run(const struct watch *watch);

/* The self-test for check: whether the record of a thread of this process
 * arrives within two seconds. The channel must watch all CPUs with
 * watch_proof_handler. */
struct watch_proof {
  uint32_t thread;
  bool seen;
};
channel_handler watch_proof_handler;
bool watch_prove(struct channel *channel, const char *cpus,
                 struct watch_proof *proof);

enum { WATCH_CPUS_SIZE = 256 };

/* The list of all CPUs. Returns false if /sys does not contain it, and the list
 * is a guess. */
bool watch_all_cpus(char cpus[WATCH_CPUS_SIZE]);

#endif
