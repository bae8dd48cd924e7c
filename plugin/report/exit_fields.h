/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXIT_FIELDS_H
#define TASKSTATS_EXIT_FIELDS_H

#include "track/exit_event.h"

/*
 * The values that are reported of a process that has ended: the meta data of a
 * notification, and the keys of the exit log. Unknown values are left out.
 */

enum exit_field_kind {
  EXIT_FIELD_COUNT,
  EXIT_FIELD_STATUS, /* a small, possibly signed number */
  EXIT_FIELD_SECONDS,
  EXIT_FIELD_TEXT,
  EXIT_FIELD_FLAG,
};

struct exit_field {
  const char *name;
  enum exit_field_kind kind;
  union {
    uint64_t count;
    int status;
    double seconds;
    const char *text;
    bool flag;
  };
};

/* The field is owned by the caller and valid only during the call. */
typedef void exit_field_sink(void *context, const struct exit_field *field);

void exit_fields_each(const struct exit_event *event, exit_field_sink *sink,
                      void *context);

#endif
