/* SPDX-License-Identifier: MIT */
#ifndef PROBE_CHANNEL_H
#define PROBE_CHANNEL_H

#include "answer.h"

struct nl_sock;

/*
 * A netlink socket that speaks to the taskstats family.
 */
struct channel;

/* Returns 0, or -ENOENT for a kernel without the family, or another negative
 * errno. */
int channel_open(struct channel **channel);

/* Takes a socket that is someone else's work, such as a test's. It is the
 * channel's if this succeeds. NULL: no memory. */
struct channel *channel_wrap(struct nl_sock *socket, int family);

/* Takes NULL. */
void channel_close(struct channel *channel);

/* Asks for the record of a process or thread, and waits two seconds at most.
 * Returns 0; the kernel's refusal (-ESRCH, -EPERM); -ETIMEDOUT; -EBADMSG or
 * -EPROTONOSUPPORT as answer_parse. */
int channel_query(struct channel *channel, enum answer_part part, uint32_t id,
                  struct answer *answer);

/* Takes what arrives at the ends of threads; false: enough. */
typedef bool channel_handler(const struct answer *answer, void *data);

/* Lets the kernel send what happens on these CPUs ("0-3,8") to the handler.
 * Returns 0 or its refusal: -EPERM, -ERANGE, -EINVAL. */
int channel_watch(struct channel *channel, const char *cpus,
                  channel_handler *handler, void *data);

/* No more of it. What has arrived by then goes to the handler. */
int channel_unwatch(struct channel *channel);

/* Gives to the handler what has arrived. Returns 0, or -ENOBUFS if there was a
 * loss before it. */
int channel_drain(struct channel *channel);

/* For poll. */
int channel_fd(const struct channel *channel);

/* What listens takes by default, as the plugin does: the ends of some thousands
 * of threads that nobody has taken yet. */
enum { CHANNEL_BUFFER = 8388608 };

/* Sets the receive buffer, beyond the system's limit if that is allowed.
 * Returns its size in the same terms or a negative errno. */
int channel_set_buffer(struct channel *channel, int bytes);

/* How many messages the kernel has dropped, and how many were not understood.
 */
uint32_t channel_dropped(const struct channel *channel);
uint32_t channel_malformed(const struct channel *channel);

#endif
