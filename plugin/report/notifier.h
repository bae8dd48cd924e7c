/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_NOTIFIER_H
#define TASKSTATS_NOTIFIER_H

#include "track/exit_accounting.h"

/*
 * Sends notifications in a thread of its own, so that whoever receives them,
 * say a mail server, holds up nobody else.
 */

struct notifier;

enum {
  NOTIFIER_TEXT_SIZE = 256, /* what collectd takes */
  NOTIFIER_QUEUE = 256,     /* notifications that may wait */
};

/* event is what text says, or NULL if text sums up several; exit_code is that
 * of the event, or of the worst of them, a wait status. Called in the
 * notifier's thread, without any lock. */
typedef void notifier_say(const char *group, const struct exit_event *event,
                          const char *text, uint32_t exit_code);

/* Returns 0 or a negative errno. */
int notifier_start(notifier_say *say, struct notifier **notifier);

/* Sends nothing from now on, and waits for the notification that is being sent,
 * but no longer than that; if one was just sent, 200 ms more. Any thread; takes
 * NULL. */
void notifier_hold(struct notifier *notifier, unsigned int most_ms);

/* Sends again. Any thread; takes NULL. */
void notifier_release(struct notifier *notifier);

/* Drops what waits, and ends the thread. A thread that a consumer has held for
 * longer than that is left behind, and begins no other notification. It cannot
 * be kept from going on with the one that it sends, though: when the consumer
 * lets go, collectd (plugin_dispatch_notification) calls those that are behind
 * it, even if their plugins have shut down. collectd does so with every thread
 * that sends notifications, such as those of unixsock and network. Returns how
 * many notifications were dropped. Takes NULL. */
size_t notifier_stop(struct notifier *notifier, unsigned int most_ms);

/* Queues a copy. Returns false if too many wait. Any thread. */
bool notifier_put(struct notifier *notifier, const char *group,
                  const struct exit_event *event, const char *text,
                  uint32_t exit_code);

#endif
