/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_LOG_H
#define TASKSTATS_LOG_H

/* Logs a line at one of collectd's severities. The line may contain text that a
 * process or a file chose. Lines follow the style in plugin/README.md. Any
 * thread. */
void log_line(int severity, const char *line);

#endif
