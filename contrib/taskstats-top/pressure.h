/* SPDX-License-Identifier: MIT */
#ifndef TOP_PRESSURE_H
#define TOP_PRESSURE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What part of the last ten seconds something on this machine waited
 * (Documentation/accounting/psi.rst of the kernel).
 */

/* Writes a line; directory is "/proc/pressure". Returns false where the kernel
 * does not tell. */
bool pressure_line(const char *directory, char *line, size_t size);

#endif
