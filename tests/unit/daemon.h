/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TEST_DAEMON_H
#define TASKSTATS_TEST_DAEMON_H

/*
 * In the place of collectd: what it offers to the plugin, and what it calls of
 * it. It takes no lock, and its figures put nothing in order, so that a
 * sanitizer sees no order of the plugin's threads but the plugin's own.
 */

/* Loads the plugin and gives it the content of a <Plugin> block. Returns what
 * the plugin does, as all below. */
int daemon_configure(const char *text);

/* The callbacks. collectd calls init and shutdown in its main thread, read in
 * one thread at a time between them, and flush in any thread at any time. */
int daemon_init(void);
int daemon_read(void);
int daemon_flush(void);
int daemon_shutdown(void);

/* How many there were since daemon_configure. */
unsigned int daemon_values(void);
unsigned int daemon_exit_records(void); /* as the plugin has reported */
unsigned int daemon_notifications(void);
unsigned int daemon_errors(void); /* in the log, or in what was dispatched */

#endif
