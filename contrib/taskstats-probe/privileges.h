/* SPDX-License-Identifier: MIT */
#ifndef PROBE_PRIVILEGES_H
#define PROBE_PRIVILEGES_H

#include "findings.h"

/*
 * The privileges of this process: capabilities, namespaces, visibility of
 * /proc.
 */

void privileges_check(struct findings *findings);

/* Whether it can read the I/O of other users' processes. */
void privileges_check_io(struct findings *findings);

#endif
