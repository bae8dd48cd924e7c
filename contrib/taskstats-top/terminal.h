/* SPDX-License-Identifier: MIT */
#ifndef TOP_TERMINAL_H
#define TOP_TERMINAL_H

#include <stdbool.h>

/*
 * The terminal that standard output is, if it is one that can move its cursor
 * (TERM is not "dumb"); and the keys, if standard input is one, too.
 */

/* Lets every end of the program, and its stop by Ctrl-Z, leave the terminal as
 * it was. It is used as one only if that is wanted, and keys are taken only if
 * these are. */
void terminal_prepare(bool is_wanted, bool with_keys);

bool terminal_is_there(void);
bool terminal_has_keys(void);

/* Waits for a key until that time of CLOCK_MONOTONIC, in seconds, and returns
 * it, or TERMINAL_KEY_NONE; also if the size has changed. Keys that are sent as
 * more than one byte, such as arrows, are none. */
enum { TERMINAL_KEY_NONE = -1 };
int terminal_await_key(double end);

/* Whether its size has changed, or something else may stand there, since the
 * last call. */
bool terminal_was_resized(void);

/* False: its size is not known, or there is no terminal. */
bool terminal_measure(int *width, int *height);

#endif
