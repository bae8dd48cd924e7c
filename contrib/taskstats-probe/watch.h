/* SPDX-License-Identifier: MIT */
#ifndef PROBE_WATCH_H
#define PROBE_WATCH_H

#include "channel.h"

/*
 * Listening to the ends of threads, from its registration to the word on what
 * was lost.
 */
struct watch {
  const char *cpus; /* NULL: all */
  int buffer;       /* bytes; 0: CHANNEL_BUFFER, or what can be had of it */
  double seconds;   /* 0: until a signal or the handler ends it */
  channel_handler *handler;
  void *data;
};

/* The first of what the watched CPUs send is the end of a thread of this
 * process's own, which the handler does not see: it proves that records arrive.
 * SIGINT and SIGTERM end it. Returns an exit status. */
int watch_run(const struct watch *watch);

/* Whether the end of an own thread is told of within two seconds; for check.
 * The channel must watch all CPUs with watch_proof_handler. */
struct watch_proof {
  uint32_t thread;
  bool seen;
};
channel_handler watch_proof_handler;
bool watch_prove(struct channel *channel, const char *cpus,
                 struct watch_proof *proof);

enum { WATCH_CPUS_SIZE = 256 };

/* The list of all CPUs. False: /sys does not tell, and it is presumed. */
bool watch_all_cpus(char cpus[WATCH_CPUS_SIZE]);

#endif
