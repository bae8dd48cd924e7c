/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_GENL_H
#define TASKSTATS_GENL_H

#include <stdint.h>

/*
 * The way to the kernel's taskstats family.
 */

/* Opens a netlink socket that is connected to the kernel, so that nobody else
 * can answer, and asks for the number of the family. Needs no privilege.
 * Returns the socket, which the caller closes; -ENOENT if this kernel has no
 * taskstats; or another negative errno. Takes a second at most. */
int genl_connect(uint16_t *family);

#endif
