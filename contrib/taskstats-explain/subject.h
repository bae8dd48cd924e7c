/* SPDX-License-Identifier: MIT */
#ifndef EXPLAIN_SUBJECT_H
#define EXPLAIN_SUBJECT_H

#include "select/attributes.h"

#include <stddef.h>

/*
 * The facts about a process, or one of its ancestors, that selectors use.
 */

enum fact {
  FACT_NAME,
  FACT_COMMAND_LINE,
  FACT_EXECUTABLE,
  FACT_CGROUP,
  FACT_UNIT,
  FACT_USER,
  FACT_PID,
  FACTS
};

struct subject {
  struct procfs *proc; /* owned by the caller */
  struct procfs_stat stat;
  struct attributes attributes;
  int errors[FACTS]; /* why a fact cannot be read: a negative errno, or 0 */
};

/* Reads the facts. Returns 0, and a subject that the caller clears; or a
 * negative errno, -ENOENT if the process does not exist. */
int subject_read(struct subject *subject, struct procfs *proc, pid_t pid);

/* The process of a thread; 0 if it cannot be determined. */
pid_t subject_process_of(struct procfs *proc, pid_t tid);

void subject_clear(struct subject *subject);

/* Whether the pid still belongs to the same process. */
bool subject_is_there(const struct subject *subject);

/* The name of a fact: "command line". */
const char *subject_fact_name(enum fact fact);

/* Writes a fact in one line, without control characters. Returns false if it is
 * unknown or empty. */
bool subject_fact(struct subject *subject, enum fact fact, char *text,
                  size_t size);

#endif
