/* SPDX-License-Identifier: MIT */
#ifndef TOP_TERMINAL_H
#define TOP_TERMINAL_H

#include <stdbool.h>

/*
 * The terminal that standard output is, if it is one.
 */

/* Lets the signals that end the program leave the terminal as it was. It is
 * used as one only if that is wanted. */
void terminal_prepare(bool is_wanted);

bool terminal_is_there(void);

/* Whether its size has changed since the last call. */
bool terminal_was_resized(void);

/* False: its size is not known, or there is no terminal. */
bool terminal_measure(int *width, int *height);

#endif
