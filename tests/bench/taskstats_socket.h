/* SPDX-License-Identifier: MIT */
#ifndef BENCH_TASKSTATS_SOCKET_H
#define BENCH_TASKSTATS_SOCKET_H

#include <libmnl/libmnl.h>
#include <stdint.h>

/* The taskstats family, for the programs with which the plugin is compared;
 * they share no code with it. */

/* Connects, and asks for the family's id. Returns NULL, with errno set, if that
 * is not possible. */
struct mnl_socket *taskstats_socket_open(uint16_t *family);

/* Starts a request. The buffer must be aligned, and have room for what
 * is added. */
struct nlmsghdr *taskstats_socket_put(void *buffer, uint16_t type,
                                      uint8_t command, uint8_t version);

#endif
