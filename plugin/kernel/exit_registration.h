/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_REGISTRATION_H
#define TASKSTATS_EXIT_REGISTRATION_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Registers or deregisters a socket for the exit records of some CPUs
 * (TASKSTATS_CMD_ATTR_REGISTER_CPUMASK). The kernel does so at once, but only
 * its answer, which takes at most a second, shows whether it accepted;
 * deregistering does not wait for it. Exit records that arrive before the
 * answer are lost.
 *
 * cpus is a list such as "0-3,8", family the id of taskstats. Returns 0 or a
 * negative errno: those of exit_listener_open; -ETIMEDOUT without an answer.
 */
int exit_registration_set(int fd, uint16_t family, const char *cpus, bool on);

#endif
