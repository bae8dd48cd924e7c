/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_GENL_H
#define TASKSTATS_GENL_H

#include <stdint.h>

/*
 * Connects to the kernel's taskstats family.
 */

/* Opens a netlink socket that is connected to the kernel, so that no other
 * process can answer, and asks for the id of the family. Requires no privilege.
 * Returns the socket, which the caller closes; -ENOENT if this kernel has no
 * taskstats; or another negative errno. Takes at most a second. */
int genl_connect(uint16_t *family);

#endif
