/* SPDX-License-Identifier: MIT */
#ifndef PROBE_SAMPLE_H
#define PROBE_SAMPLE_H

#include "stats.h"

#include <time.h>

/*
 * Records that were read together, and their output: as they are, or their
 * increase since earlier ones.
 */

struct sample {
  uint32_t id;
  struct timespec when; /* monotonic clock */
  struct stats stats;
};

struct samples {
  struct sample *all;
  size_t count, room;
};

void samples_begin(struct samples *samples);

/* Returns false if out of memory. */
bool samples_add(struct samples *samples, uint32_t id,
                 const struct stats *stats);

void samples_free(struct samples *samples);

enum { SAMPLE_FIELDS_MAX = 128 };

struct sample_style {
  bool delays, json;
  int fields[SAMPLE_FIELDS_MAX]; /* from sample_field */
  size_t field_count;
};

void samples_show(const struct samples *samples,
                  const struct sample_style *style);
void samples_show_rates(const struct samples *samples,
                        const struct samples *last,
                        const struct sample_style *style);

/* The number of a field of --fields, or -1. */
int sample_field(const char *name);
void sample_fields_help(void);

#endif
