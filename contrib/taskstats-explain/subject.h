/* SPDX-License-Identifier: MIT */
#ifndef EXPLAIN_SUBJECT_H
#define EXPLAIN_SUBJECT_H

#include "select/attributes.h"

#include <stddef.h>

/*
 * The process that is asked about, or one of its ancestors: all that selectors
 * ask.
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
  struct procfs *proc; /* the caller's */
  struct procfs_stat stat;
  struct attributes attributes;
  int errors[FACTS]; /* negative errnos: a fact cannot be read */
};

/* Reads them. Returns 0, and a subject that the caller clears; or a negative
 * errno, -ENOENT if there is no such process. */
int subject_read(struct subject *subject, struct procfs *proc, pid_t pid);

/* The process that a thread is of. 0: that cannot be told. */
pid_t subject_process_of(struct procfs *proc, pid_t tid);

void subject_clear(struct subject *subject);

/* Whether it is still the same process. */
bool subject_is_there(const struct subject *subject);

/* What a fact is called: "command line". */
const char *subject_fact_name(enum fact fact);

/* Writes one, in a line that does no harm to a terminal. Returns false if there
 * is none. */
bool subject_fact(struct subject *subject, enum fact fact, char *text,
                  size_t size);

#endif
