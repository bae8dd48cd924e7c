/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_MEMBER_PROBLEMS_H
#define TASKSTATS_MEMBER_PROBLEMS_H

#include <stddef.h>

/* Log lines about what cannot be read of some processes, from a negative errno,
 * with the cause and its remedy. */
void member_problems_describe_io(int status, char *line, size_t size);
void member_problems_describe_memory(int status, char *line, size_t size);
void member_problems_describe_files(int status, char *line, size_t size);
void member_problems_describe_select(int status, char *line, size_t size);

#endif
