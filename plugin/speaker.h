/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_SPEAKER_H
#define TASKSTATS_SPEAKER_H

#include "exits.h"

/*
 * Says notices in a thread of its own, so that whoever takes them, say a mail
 * server, holds up nobody else.
 */

struct speaker;

enum {
  SPEAKER_TEXT_SIZE = 256, /* what collectd takes */
  SPEAKER_QUEUE = 256,     /* notices that may wait */
};

/* event is what text says, or NULL if text sums up several; exit_code is that
 * of the event, or of the worst of them, a wait status. Called in the speaker's
 * thread, without any lock. */
typedef void speaker_say(const char *group, const struct exit_event *event,
                         const char *text, uint32_t exit_code);

/* Returns 0 or a negative errno. */
int speaker_start(speaker_say *say, struct speaker **speaker);

/* Says what waits, and ends. Takes NULL. */
void speaker_stop(struct speaker *speaker);

/* Queues a copy. Returns false if too many wait. Any thread. */
bool speaker_put(struct speaker *speaker, const char *group,
                 const struct exit_event *event, const char *text,
                 uint32_t exit_code);

#endif
