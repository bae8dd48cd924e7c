/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_CLASSES_H
#define TASKSTATS_CLASSES_H

#include "truth.h"

/*
 * The classes of the processes in a history, and where their use counts, if
 * process events are received. A class is a name, whether the command line has
 * a "c", and whether it is a descendant of the processes in SET_D. A change of
 * class is pending until its event is taken; until then, the plugin may use
 * either.
 */

void classes_reset(enum left_out of_d);

/* Processes are indexes of the world. */
void classes_begin(unsigned int process, bool is_before_plugin);
void classes_use(unsigned int process, const uint64_t used[USES]);
/* Must be called after the change. */
void classes_change(unsigned int process, const struct process_event *event);
void classes_lose(unsigned int process, const struct process_event *event);
void classes_exit(unsigned int process);
/* Losses of events are reported to the plugin. */
void classes_tell_losses(void);
/* Before and after the plugin takes an event. */
void classes_begin_event(unsigned int process);
void classes_end_event(unsigned int process, const struct process_event *event);
void classes_begin_read(void);
void classes_end_read(bool is_listing);
/* The plugin may have assigned any class to the process. */
void classes_doubt(unsigned int process);
/* The process has children, for which it may wait. */
void classes_doubt_io(unsigned int process);

/* The part of its use that certainly counts in a set, and the part that may. */
void classes_share(unsigned int process, enum set set, uint64_t sure[USES],
                   uint64_t maybe[USES]);
/* The same for what is counted before it ends. */
void classes_counted(unsigned int process, enum set set, uint64_t sure[USES],
                     uint64_t maybe[USES]);
/* Whether its exit certainly counts in a set, or may. */
void classes_end(unsigned int process, enum set set, bool *is_sure,
                 bool *may_be);
void classes_total(unsigned int process, uint64_t total[USES]);

#endif
