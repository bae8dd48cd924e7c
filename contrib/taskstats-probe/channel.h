/* SPDX-License-Identifier: MIT */
#ifndef PROBE_CHANNEL_H
#define PROBE_CHANNEL_H

#include "answer.h"

struct nl_sock;

/*
 * A netlink socket connected to the taskstats family.
 */
struct channel;

/* Returns 0, or -ENOENT if the kernel lacks the family, or another negative
 * errno. */
int channel_open(struct channel **channel);

/* Uses an existing socket, such as a test's, and on success takes ownership.
 * Returns NULL if out of memory. */
struct channel *channel_wrap(struct nl_sock *socket, int family);

/* channel may be NULL. */
void channel_close(struct channel *channel);

/* Requests the record of a process or thread, and waits at most two seconds.
 * Returns 0; the kernel's refusal (-ESRCH, -EPERM); -ETIMEDOUT; or -EBADMSG or
 * -EPROTONOSUPPORT as answer_parse. */
int channel_query(struct channel *channel, enum answer_part part, uint32_t id,
                  struct answer *answer);

/* Receives the record of a thread that ended. Returns false to stop. */
typedef bool channel_handler(const struct answer *answer, void *data);

/* Registers for exit records from these CPUs ("0-3,8"), which are passed to the
 * handler. Returns 0 or the kernel's refusal: -EPERM, -ERANGE, -EINVAL. */
int channel_watch(struct channel *channel, const char *cpus,
                  channel_handler *handler, void *data);

/* Deregisters. Passes records that have already arrived to the handler. */
int channel_unwatch(struct channel *channel);

/* Passes records that have arrived to the handler. Returns 0, or -ENOBUFS if
 * records were lost before them. */
int channel_drain(struct channel *channel);

/* The descriptor to poll for input. */
int channel_fd(const struct channel *channel);

/* The default buffer for listeners, as in the plugin: it holds the records of
 * some thousand threads. */
enum { CHANNEL_BUFFER = 8388608 };

/* Sets the size of the receive buffer, beyond the system's limit if permitted.
 * Returns the granted size in the same unit, or a negative errno. */
int channel_set_buffer(struct channel *channel, int bytes);

/* The number of messages that the kernel dropped, and the number that could not
 * be decoded. */
uint32_t channel_dropped(const struct channel *channel);
uint32_t channel_malformed(const struct channel *channel);

#endif
