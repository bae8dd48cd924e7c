/* SPDX-License-Identifier: MIT */
#ifndef TOP_TERMINAL_H
#define TOP_TERMINAL_H

#include <stdbool.h>

/*
 * The terminal on standard output, if it can move its cursor (TERM is not
 * "dumb"); and the keys, if standard input is a terminal, too.
 */

/* Restores the terminal at any end of the program and when it is stopped by
 * Ctrl-Z. Uses the terminal only if is_wanted, and keys only if with_keys. */
void terminal_prepare(bool is_wanted, bool with_keys);

bool terminal_is_there(void);
bool terminal_has_keys(void);

/* Waits for a key until that time of CLOCK_MONOTONIC, in seconds, and returns
 * it, or TERMINAL_KEY_NONE; also returns if the size has changed. Keys that
 * send more than one byte, such as arrows, are ignored. */
enum { TERMINAL_KEY_NONE = -1 };
int terminal_await_key(double end);

/* Whether its size, or what it shows, may have changed since the last call. */
bool terminal_was_resized(void);

/* Returns false if the size is unknown, or there is no terminal. */
bool terminal_measure(int *width, int *height);

#endif
