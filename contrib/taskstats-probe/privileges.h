/* SPDX-License-Identifier: MIT */
#ifndef PROBE_PRIVILEGES_H
#define PROBE_PRIVILEGES_H

#include "findings.h"

/*
 * What this process may see and ask: its capabilities, its namespaces, what
 * /proc shows to it.
 */

void privileges_check(struct findings *findings);

/* Whether it can read the I/O of others. */
void privileges_check_io(struct findings *findings);

#endif
