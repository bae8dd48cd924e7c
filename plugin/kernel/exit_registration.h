/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_REGISTRATION_H
#define TASKSTATS_EXIT_REGISTRATION_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Registers a socket for the exit records of some CPUs
 * (TASKSTATS_CMD_ATTR_REGISTER_CPUMASK), or ends that. The kernel does so at
 * once, but only its answer tells whether it agreed, which takes a second at
 * most; at the end nobody waits for that. Exit records that come before the
 * answer are lost.
 *
 * cpus is a list such as "0-3,8", family that of taskstats. Returns 0 or a
 * negative errno: those of exit_listener_open; -ETIMEDOUT without an answer.
 */
int exit_registration_set(int fd, uint16_t family, const char *cpus, bool on);

#endif
