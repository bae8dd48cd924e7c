/* SPDX-License-Identifier: MIT */
#ifndef TOP_PRESSURE_H
#define TOP_PRESSURE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The share of the last ten seconds in which some task on this machine waited
 * (Documentation/accounting/psi.rst of the kernel).
 */

/* Writes a line; directory is "/proc/pressure". Returns false if the kernel
 * does not provide it. */
bool pressure_line(const char *directory, char *line, size_t size);

#endif
