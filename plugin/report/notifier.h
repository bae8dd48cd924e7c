/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_NOTIFIER_H
#define TASKSTATS_NOTIFIER_H

#include "track/exit_accounting.h"

/*
 * Sends notifications in its own thread, so that a slow consumer, such as a
 * mail server, blocks nothing else.
 */

struct notifier;

enum {
  NOTIFIER_TEXT_SIZE = 256, /* the size of collectd's message */
  NOTIFIER_QUEUE = 256,     /* notifications that may be queued */
};

/* event is what text describes, or NULL if text summarises several; exit_code
 * is the wait status of the event, or of the worst of them. Called in the
 * notifier's thread, without any lock. */
typedef void notifier_say(const char *group, const struct exit_event *event,
                          const char *text, uint32_t exit_code);

/* Returns 0 or a negative errno. */
int notifier_start(notifier_say *say, struct notifier **notifier);

/* Sends nothing from now on. Waits until the current notification was sent, but
 * at most most_ms; if one was just sent, 200 ms more. Any thread; notifier may
 * be NULL. */
void notifier_hold(struct notifier *notifier, unsigned int most_ms);

/* Resumes sending. Any thread; notifier may be NULL. */
void notifier_release(struct notifier *notifier);

/* Drops queued notifications and ends the thread. A thread that a consumer
 * blocks for longer than most_ms is abandoned, and begins no other
 * notification. However, it continues with the current one: when the consumer
 * returns, collectd (plugin_dispatch_notification) calls the next consumers,
 * even if their plugins have shut down. collectd does the same to every thread
 * that sends notifications, such as those of unixsock and network. Returns the
 * number of processes that the dropped notifications describe. notifier may be
 * NULL. */
size_t notifier_stop(struct notifier *notifier, unsigned int most_ms);

/* Queues a copy; processes is the number of processes that text describes.
 * Returns false if the queue is full. Any thread. */
bool notifier_put(struct notifier *notifier, const char *group,
                  const struct exit_event *event, uint32_t processes,
                  const char *text, uint32_t exit_code);

#endif
