/* SPDX-License-Identifier: MIT */
#ifndef PROBE_TAPE_H
#define PROBE_TAPE_H

#include "stats.h"

#include <stdio.h>

/*
 * A file of records as the kernel sent them. All numbers are 32 bits in the
 * byte order of the machine that wrote it:
 *
 *   "TSPROBE1", 0x01020304, 0
 *   then for each record: origin, id, message, size
 *   and its payload, size bytes, padded to a multiple of 8
 *
 * The origin is an enum stats_origin: 0 and 1 for a living thread and process,
 * 2 and 3 for one that has ended. Parts of one message have the same message
 * number, the thread's part first; a part with version 0 has the version of
 * the thread's part.
 */

enum { TAPE_PAYLOAD_MAX = 4096 };

struct tape_record {
  enum stats_origin origin;
  uint32_t id, message, size;
  unsigned char payload[TAPE_PAYLOAD_MAX];
};

/* Each returns 0 or a negative errno. */
int tape_begin(FILE *file);
int tape_put(FILE *file, const struct tape_record *record);

/* -EBADMSG: not such a file, or truncated; -ENODATA: end of file. */
int tape_open(FILE *file);
int tape_get(FILE *file, struct tape_record *record);

#endif
