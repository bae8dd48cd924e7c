/* SPDX-License-Identifier: MIT */
#ifndef PROBE_ANSWER_H
#define PROBE_ANSWER_H

#include "stats.h"

struct nlmsghdr;

/*
 * What the kernel sends: one record in answer to a query; at the end of a
 * thread its record, and if it was the last of several also the process's.
 */

enum answer_part { ANSWER_THREAD, ANSWER_PROCESS, ANSWER_PARTS };

enum { ANSWER_PAYLOAD_MAX = 4096 };

struct answer {
  struct {
    bool there;
    uint32_t id; /* pid or tgid */
    struct stats stats;
    size_t size; /* of what was sent; no more than the maximum is kept */
    unsigned char payload[ANSWER_PAYLOAD_MAX];
  } parts[ANSWER_PARTS];
};

/* Parses a message of the taskstats family, all of whose nlmsg_len bytes are
 * there. Returns 0, -EBADMSG, or -EPROTONOSUPPORT for a struct too old. */
int answer_parse(const struct nlmsghdr *header, bool at_end,
                 struct answer *answer);

#endif
