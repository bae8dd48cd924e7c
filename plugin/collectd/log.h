/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_LOG_H
#define TASKSTATS_LOG_H

/* Logs a line, at a severity of collectd's. The line may contain text which a
 * process or a file chose. Any thread. */
void log_line(int severity, const char *line);

#endif
