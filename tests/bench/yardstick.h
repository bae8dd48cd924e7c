/* SPDX-License-Identifier: MIT */
#ifndef BENCH_YARDSTICK_H
#define BENCH_YARDSTICK_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The cost of the kernel itself: for each process a TGID query, 32 in one
 * sendto with the answers by recvmmsg, and a pread of its open io file. The
 * answers are not used. Everything else is compared with this minimum, so it
 * shares no code with the plugin.
 */
struct yardstick;

/* Connects, and opens the io file of each process. Returns NULL, with errno
 * set, if it cannot. The caller keeps pids. */
struct yardstick *yardstick_create(const pid_t *pids, size_t count);
void yardstick_destroy(struct yardstick *yardstick);

/* Queries each process once. Returns the CPU time in ns, or a negative errno;
 * -ESRCH if one of the processes has ended. */
int64_t yardstick_lay(struct yardstick *yardstick);

/* Reads the CPU clock of each process once: the cheapest way to determine
 * whether it has run. Returns this thread's CPU time in ns, or a negative
 * errno. */
int64_t yardstick_read_clocks(const pid_t *pids, size_t count);

/* Lists /proc once. Returns this thread's CPU time in ns, or a negative errno.
 */
int64_t yardstick_list(void);

#endif
