/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TEST_DAEMON_H
#define TASKSTATS_TEST_DAEMON_H

/*
 * Stands in for collectd: the functions that the plugin calls, and the calls
 * that collectd makes. It takes no lock, and its counters are relaxed atomics,
 * so that a sanitizer sees only the plugin's own synchronisation.
 */

/* Loads the plugin and configures it with the content of a <Plugin> block. Like
 * all functions below, returns the plugin's result. */
int daemon_configure(const char *text);

/* The callbacks. collectd calls init and shutdown in its main thread, read in
 * one thread at a time between them, and flush in any thread at any time. */
int daemon_init(void);
int daemon_read(void);
int daemon_flush(void);
int daemon_shutdown(void);

/* Their number since daemon_configure. */
unsigned int daemon_values(void);
unsigned int daemon_exit_records(void); /* as the plugin has reported */
unsigned int daemon_notifications(void);
unsigned int daemon_errors(void); /* in the log, or in what was dispatched */

#endif
