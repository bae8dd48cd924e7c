/* SPDX-License-Identifier: MIT */
#include "sample.h"

#include "show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields of --fields that are not in the record. */
enum { SAMPLE_ID = STATS_FIELD_COUNT, SAMPLE_KIND };

static const char *const groups[] = {
    [GROUP_ABOUT] = "about",   [GROUP_CPU] = "cpu",
    [GROUP_DELAYS] = "waits",  [GROUP_IO] = "io",
    [GROUP_MEMORY] = "memory",
};

void samples_begin(struct samples *samples) { samples->count = 0; }

bool samples_add(struct samples *samples, uint32_t id,
                 const struct stats *stats) {
  if (samples->count == samples->room) {
    size_t room = samples->room > 0 ? samples->room * 2 : 8;
    struct sample *all = reallocarray(samples->all, room, sizeof(*all));
    if (all == NULL)
      return false;
    samples->all = all;
    samples->room = room;
  }
  struct sample *sample = &samples->all[samples->count++];
  *sample = (struct sample){.id = id, .stats = *stats};
  clock_gettime(CLOCK_MONOTONIC, &sample->when);
  return true;
}

void samples_free(struct samples *samples) { free(samples->all); }

int sample_field(const char *name) {
  if (strcmp(name, "id") == 0)
    return SAMPLE_ID;
  if (strcmp(name, "kind") == 0)
    return SAMPLE_KIND;
  return stats_find(name);
}

void sample_fields_help(void) {
  static const char *const units[] = {[UNIT_NONE] = "",
                                      [UNIT_COUNT] = "count",
                                      [UNIT_NS] = "ns",
                                      [UNIT_US] = "us",
                                      [UNIT_BYTES] = "bytes",
                                      [UNIT_KIB] = "KiB",
                                      [UNIT_MBUS] = "MB*us",
                                      [UNIT_EPOCH] = "seconds since 1970",
                                      [UNIT_MOMENT] = "ns since 1970",
                                      [UNIT_TEXT] = "text",
                                      [UNIT_STATUS] = "status of wait",
                                      [UNIT_FLAGS] = "bits",
                                      [UNIT_NICE] = "",
                                      [UNIT_DEVICE] = "kernel's device number"};
  printf("%-26s\n%-26s process or thread\n", "id", "kind");
  for (int field = 0; field < STATS_FIELD_COUNT; field++) {
    const struct stats_about *about = stats_about((enum stats_field)field);
    printf("%-26s %s, since version %d%s\n", about->name,
           units[about->unit][0] != '\0' ? units[about->unit] : "number",
           about->since, about->of_process ? "" : ", threads only");
  }
}

static const char *kind_of(const struct stats *stats) {
  return stats_is_process(stats) ? "process" : "thread";
}

/* The increase per second; returns false if unknown. A counter that has
 * decreased (the kernel briefly counts a dying thread twice) has no rate. */
static bool rate_of(const struct sample *sample, const struct sample *last,
                    enum stats_field field, double *rate) {
  if (!sample->stats.known[field] || !last->stats.known[field] ||
      sample->stats.values[field] < last->stats.values[field])
    return false;
  double seconds = (double)(sample->when.tv_sec - last->when.tv_sec) +
                   (double)(sample->when.tv_nsec - last->when.tv_nsec) / 1e9;
  uint64_t added = sample->stats.values[field] - last->stats.values[field];
  *rate = (double)added / seconds;
  return seconds > 0;
}

static void show_title(const struct sample *sample) {
  char comm[SHOW_SIZE];
  show_bare(comm, &sample->stats, FIELD_ac_comm);
  printf("%s %u", kind_of(&sample->stats), sample->id);
  if (sample->stats.known[FIELD_ac_comm])
    printf(" (%s)", comm);
  printf(", taskstats version %u\n",
         (unsigned)sample->stats.values[FIELD_version]);
}

static void show_mean(char text[SHOW_SIZE], const struct stats *stats,
                      struct stats_wait wait) {
  if (!stats->known[wait.count] || !stats->known[wait.total])
    snprintf(text, SHOW_SIZE, "unknown");
  else if (stats->values[wait.count] == 0)
    snprintf(text, SHOW_SIZE, "-");
  else
    show_ns(text, (double)stats->values[wait.total] /
                      (double)stats->values[wait.count]);
}

/* Without a wait, there is no longest one, which is a known fact. */
static void show_extreme(char text[SHOW_SIZE], const struct stats *stats,
                         struct stats_wait wait, enum stats_field field) {
  bool has_any = !stats->known[wait.count] || stats->values[wait.count] > 0;
  bool could = !stats_is_process(stats) &&
               stats->values[FIELD_version] >= stats_about(field)->since;
  if (could && !has_any)
    snprintf(text, SHOW_SIZE, "-");
  else
    show_value(text, stats, field);
}

static void show_delays(const struct stats *stats) {
  printf("    %-10s %12s %14s %14s %14s %14s\n", "kind", "count", "total",
         "mean", "maximum", "minimum");
  for (int kind = 0; kind < STATS_KIND_COUNT; kind++) {
    struct stats_wait wait = stats_wait((enum stats_kind)kind);
    char count[SHOW_SIZE], total[SHOW_SIZE], mean[SHOW_SIZE];
    char longest[SHOW_SIZE], shortest[SHOW_SIZE];
    show_bare(count, stats, wait.count);
    show_value(total, stats, wait.total);
    show_mean(mean, stats, wait);
    show_extreme(longest, stats, wait, wait.max);
    show_extreme(shortest, stats, wait, wait.min);
    printf("    %-10s %12s %14s %14s %14s %14s\n",
           stats_kind_name((enum stats_kind)kind), count, total, mean, longest,
           shortest);
  }
}

static void show_group(const struct stats *stats, enum stats_group group) {
  char text[SHOW_SIZE];
  printf("  %s\n", groups[group]);
  if (group == GROUP_DELAYS) {
    show_delays(stats);
    return;
  }
  for (int i = 0; i < STATS_FIELD_COUNT; i++) {
    enum stats_field field = (enum stats_field)i;
    if (stats_about(field)->group != group || field == FIELD_version)
      continue;
    show_value(text, stats, field);
    printf("    %-26s %s\n", stats_about(field)->name, text);
  }
}

static void show_sample(const struct sample *sample,
                        const struct sample_style *style) {
  show_title(sample);
  for (int group = GROUP_ABOUT; group <= GROUP_MEMORY; group++)
    if (!style->delays || group == GROUP_DELAYS)
      show_group(&sample->stats, (enum stats_group)group);
}

/* Prints a field for a script; with last, its rate since then, unless last is
 * NULL. */
static void show_field(const struct sample *sample, const struct sample *last,
                       int field) {
  char text[SHOW_SIZE] = "unknown";
  double rate = 0;
  if (field == SAMPLE_ID)
    snprintf(text, sizeof(text), "%u", sample->id);
  else if (field == SAMPLE_KIND)
    snprintf(text, sizeof(text), "%s", kind_of(&sample->stats));
  else if (last == NULL || !stats_about((enum stats_field)field)->grows)
    show_bare(text, &sample->stats, (enum stats_field)field);
  else if (rate_of(sample, last, (enum stats_field)field, &rate))
    snprintf(text, sizeof(text), "%.3f", rate);
  fputs(text, stdout);
}

static void show_fields(const struct sample *sample, const struct sample *last,
                        const struct sample_style *style) {
  for (size_t i = 0; i < style->field_count; i++) {
    if (i > 0)
      putchar('\t');
    show_field(sample, last, style->fields[i]);
  }
  putchar('\n');
}

static json_t *json_head(const struct sample *sample) {
  json_t *object = json_object();
  json_object_set_new(object, "id", json_integer(sample->id));
  json_object_set_new(object, "kind", json_string(kind_of(&sample->stats)));
  return object;
}

void samples_show(const struct samples *samples,
                  const struct sample_style *style) {
  for (size_t i = 0; i < samples->count; i++) {
    const struct sample *sample = &samples->all[i];
    if (style->json) {
      json_t *object = json_head(sample);
      json_object_update_missing_new(object, show_json_all(&sample->stats));
      show_json_line(object);
    } else if (style->field_count > 0) {
      show_fields(sample, NULL, style);
    } else {
      show_sample(sample, style);
    }
  }
}

static void show_json_rates(const struct sample *sample,
                            const struct sample *last) {
  json_t *object = json_head(sample), *rates = json_object();
  for (int i = 0; i < STATS_FIELD_COUNT; i++) {
    enum stats_field field = (enum stats_field)i;
    double rate = 0;
    if (stats_about(field)->grows)
      json_object_set_new(rates, stats_about(field)->name,
                          rate_of(sample, last, field, &rate) ? json_real(rate)
                                                              : json_null());
  }
  json_object_set_new(object, "ac_comm",
                      show_json(&sample->stats, FIELD_ac_comm));
  json_object_set_new(object, "per_second", rates);
  show_json_line(object);
}

static void rate_text(char text[SHOW_SIZE], const struct sample *sample,
                      const struct sample *last, enum stats_field field) {
  double rate = 0;
  if (rate_of(sample, last, field, &rate))
    show_rate(text, rate, stats_about(field)->unit);
  else
    snprintf(text, SHOW_SIZE, "unknown");
}

static void show_delay_rates(const struct sample *sample,
                             const struct sample *last) {
  printf("    %-10s %16s %16s %14s\n", "kind", "waits", "waited", "mean");
  for (int kind = 0; kind < STATS_KIND_COUNT; kind++) {
    struct stats_wait wait = stats_wait((enum stats_kind)kind);
    char waits[SHOW_SIZE], waited[SHOW_SIZE], mean[SHOW_SIZE] = "-";
    double count = 0, total = 0;
    rate_text(waits, sample, last, wait.count);
    rate_text(waited, sample, last, wait.total);
    if (!rate_of(sample, last, wait.count, &count) ||
        !rate_of(sample, last, wait.total, &total))
      snprintf(mean, sizeof(mean), "unknown");
    else if (count > 0)
      show_ns(mean, total / count);
    printf("    %-10s %16s %16s %14s\n", stats_kind_name((enum stats_kind)kind),
           waits, waited, mean);
  }
}

static void show_rates(const struct sample *sample, const struct sample *last,
                       const struct sample_style *style) {
  char text[SHOW_SIZE];
  show_title(sample);
  for (int group = GROUP_CPU; group <= GROUP_MEMORY; group++) {
    if (style->delays && group != GROUP_DELAYS)
      continue;
    printf("  %s\n", groups[group]);
    if (group == GROUP_DELAYS)
      show_delay_rates(sample, last);
    for (int i = 0; group != GROUP_DELAYS && i < STATS_FIELD_COUNT; i++) {
      enum stats_field field = (enum stats_field)i;
      if (stats_about(field)->group != (enum stats_group)group ||
          !stats_about(field)->grows)
        continue;
      rate_text(text, sample, last, field);
      printf("    %-26s %s\n", stats_about(field)->name, text);
    }
  }
}

static const struct sample *find(const struct samples *samples, uint32_t id) {
  for (size_t i = 0; i < samples->count; i++)
    if (samples->all[i].id == id)
      return &samples->all[i];
  return NULL;
}

void samples_show_rates(const struct samples *samples,
                        const struct samples *last,
                        const struct sample_style *style) {
  for (size_t i = 0; i < samples->count; i++) {
    const struct sample *sample = &samples->all[i];
    const struct sample *before = find(last, sample->id);
    if (before ==
        NULL) /* a new thread, which has a rate from the next time on */
      continue;
    if (style->json)
      show_json_rates(sample, before);
    else if (style->field_count > 0)
      show_fields(sample, before, style);
    else
      show_rates(sample, before, style);
  }
}
