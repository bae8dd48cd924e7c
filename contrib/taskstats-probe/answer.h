/* SPDX-License-Identifier: MIT */
#ifndef PROBE_ANSWER_H
#define PROBE_ANSWER_H

#include "stats.h"

struct nlmsghdr;

/*
 * What the kernel sends: one record in answer to a query; when a thread ends,
 * its record and, if it was the last of several, also that of the process.
 */

enum answer_part { ANSWER_THREAD, ANSWER_PROCESS, ANSWER_PARTS };

enum { ANSWER_PAYLOAD_MAX = 4096 };

struct answer {
  struct {
    bool there;
    uint32_t id; /* pid or tgid */
    struct stats stats;
    size_t size; /* as sent; at most the maximum is kept */
    unsigned char payload[ANSWER_PAYLOAD_MAX];
  } parts[ANSWER_PARTS];
};

/* Parses a message of the taskstats family, of which all nlmsg_len bytes must
 * be present. Returns 0, -EBADMSG, or -EPROTONOSUPPORT if the struct is too
 * old. */
int answer_parse(const struct nlmsghdr *header, bool at_end,
                 struct answer *answer);

#endif
