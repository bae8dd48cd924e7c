/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TRACKER_MUTEX_H
#define TASKSTATS_TRACKER_MUTEX_H

#include "kernel/mutex.h"

/* Represents the tracker's lock (tracker_lock), for annotations only; the lock
 * guards what the reader and the listener share. It is never held during a
 * system call that can block; allocating memory is permitted. */
extern struct mutex tracker_mutex;

#endif
