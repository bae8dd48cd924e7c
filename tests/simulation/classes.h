/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CLASSES_H
#define TASKSTATS_CLASSES_H

#include "truth.h"

/*
 * What the processes of a history are, and what of their use counts where, if
 * process events are heard. A class is a name, whether the command line has a
 * "c", and whether it is a descendant of those of SET_D. A change of class is
 * pending until its event is taken; until then the plugin may have either.
 */

void classes_reset(enum left_out of_d);

/* Processes are indexes of the world. */
void classes_begin(unsigned int process, bool is_before_plugin);
void classes_use(unsigned int process, const uint64_t used[USES]);
/* After it happened. */
void classes_change(unsigned int process, const struct process_event *event);
void classes_lose(unsigned int process, const struct process_event *event);
/* The plugin is told that some were lost. */
void classes_tell_losses(void);
/* Before and after the plugin takes an event. */
void classes_begin_event(unsigned int process);
void classes_end_event(unsigned int process, const struct process_event *event);
void classes_begin_read(void);
void classes_end_read(bool is_listing);
/* It may have been taken for anything. */
void classes_doubt(unsigned int process);
/* It has children, for which it may wait. */
void classes_doubt_io(unsigned int process);

/* What it used that counts in a set for sure, and what may. */
void classes_share(unsigned int process, enum set set, uint64_t sure[USES],
                   uint64_t maybe[USES]);
/* The same of what is counted already before it ends. */
void classes_counted(unsigned int process, enum set set, uint64_t sure[USES],
                     uint64_t maybe[USES]);
/* Whether its end counts in a set for sure, or may. */
void classes_end(unsigned int process, enum set set, bool *is_sure,
                 bool *may_be);
void classes_total(unsigned int process, uint64_t total[USES]);

#endif
