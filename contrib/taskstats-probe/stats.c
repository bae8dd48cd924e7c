/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include <errno.h>
#include <string.h>

enum {
  VERSION_INLINE = 15, /* the only one with extremes next to each total */
  /* Linux 6.1 sets the CPU times and switches of a process's part in an exit
   * record to 0; its records have version 13. */
  VERSION_WHOLE_END = 14,
};

static const struct stats_about fields[STATS_FIELD_COUNT] = {
#define X(name, size, alignment, since, of_process, unit, grows, group)        \
  [FIELD_##name] = {#name,      size,        alignment, since,                 \
                    of_process, UNIT_##unit, grows,     GROUP_##group},
    STATS_FIELDS(X)
#undef X
};

static const struct {
  const char *name;
  struct stats_wait fields;
} kinds[STATS_KIND_COUNT] = {
#define X(KIND, name)                                                          \
  [STATS_##KIND] = {#name,                                                     \
                    {FIELD_##name##_count, FIELD_##name##_delay_total,         \
                     FIELD_##name##_delay_max, FIELD_##name##_delay_min}},
    STATS_KINDS(X)
#undef X
};

const struct stats_about *stats_about(enum stats_field field) {
  return &fields[field];
}

const char *stats_kind_name(enum stats_kind kind) { return kinds[kind].name; }

struct stats_wait stats_wait(enum stats_kind kind) {
  return kinds[kind].fields;
}

int stats_find(const char *name) {
  for (int field = 0; field < STATS_FIELD_COUNT; field++)
    if (strcmp(fields[field].name, name) == 0)
      return field;
  return -1;
}

bool stats_is_process(const struct stats *stats) {
  return stats->origin == STATS_PROCESS || stats->origin == STATS_PROCESS_END;
}

bool stats_is_blank(const struct stats *stats) {
  return stats->values[FIELD_cpu_count] == 0 &&
         stats->values[FIELD_cpu_run_virtual_total] == 0;
}

void stats_forget(struct stats *stats) {
  for (int field = 0; field < STATS_FIELD_COUNT; field++)
    stats->known[field] = stats->known[field] && field == FIELD_version;
}

void stats_forget_delays(struct stats *stats) {
  for (int field = 0; field < STATS_FIELD_COUNT; field++)
    if (fields[field].group == GROUP_DELAYS &&
        strncmp(fields[field].name, "cpu_", 4) != 0)
      stats->known[field] = false;
}

/* The state of walking along the struct. */
struct walk {
  uint16_t version;
  size_t at;                  /* the end of the fields passed so far */
  const unsigned char *bytes; /* NULL: only measures */
  struct stats *stats;
};

static uint64_t read_number(const unsigned char *from, size_t size) {
  uint64_t number = 0;
  uint8_t u8;
  uint16_t u16;
  uint32_t u32;
  switch (size) {
  case 1:
    memcpy(&u8, from, size);
    return u8;
  case 2:
    memcpy(&u16, from, size);
    return u16;
  case 4:
    memcpy(&u32, from, size);
    return u32;
  default:
    memcpy(&number, from, sizeof(number));
    return number;
  }
}

static void take_value(struct walk *walk, enum stats_field field) {
  const unsigned char *from = walk->bytes + walk->at;
  struct stats *stats = walk->stats;
  switch (fields[field].unit) {
  case UNIT_TEXT:
    memcpy(stats->comm, from, sizeof(stats->comm));
    stats->comm[sizeof(stats->comm) - 1] = '\0';
    break;
  case UNIT_MOMENT:
    stats->values[field] =
        read_number(from, 8) * UINT64_C(1000000000) + read_number(from + 8, 8);
    break;
  default:
    stats->values[field] = read_number(from, fields[field].size);
  }
  stats->known[field] = !stats_is_process(stats) || fields[field].of_process;
}

static void step(struct walk *walk, enum stats_field field) {
  size_t mask = fields[field].alignment - 1u;
  walk->at = (walk->at + mask) & ~mask;
  if (walk->bytes != NULL)
    take_value(walk, field);
  walk->at += fields[field].size;
}

/* The kind of delay of which the field is the total, or -1. */
static int kind_of_total(enum stats_field field) {
  for (int kind = 0; kind < STATS_KIND_COUNT; kind++)
    if (kinds[kind].fields.total == field)
      return kind;
  return -1;
}

static bool is_extreme(enum stats_field field) {
  return field >= FIELD_cpu_delay_max && field <= FIELD_irq_delay_min;
}

static void walk_all(struct walk *walk) {
  bool is_inline = walk->version == VERSION_INLINE;
  for (enum stats_field field = 0; field < STATS_FIELD_COUNT; field++) {
    if (walk->version < fields[field].since || (is_inline && is_extreme(field)))
      continue;
    step(walk, field);
    int kind = is_inline ? kind_of_total(field) : -1;
    if (kind >= 0) {
      step(walk, kinds[kind].fields.max);
      step(walk, kinds[kind].fields.min);
    }
  }
}

size_t stats_size(uint16_t version) {
  struct walk walk = {.version = version};
  walk_all(&walk);
  return (walk.at + 7) / 8 * 8;
}

/* A task that has not waited has no longest wait, and a living one has no end.
 */
static void know_less(struct stats *stats, uint16_t version) {
  for (int kind = 0; kind < STATS_KIND_COUNT; kind++)
    if (stats->values[kinds[kind].fields.count] == 0) {
      stats->known[kinds[kind].fields.max] = false;
      stats->known[kinds[kind].fields.min] = false;
      stats->known[FIELD_cpu_delay_max_ts + kind] = false;
    }
  if (stats->origin == STATS_THREAD)
    stats->known[FIELD_ac_exitcode] = false;
  if (stats->origin == STATS_PROCESS_END && version < VERSION_WHOLE_END) {
    static const enum stats_field absent[] = {FIELD_ac_utime, FIELD_ac_stime,
                                              FIELD_nvcsw, FIELD_nivcsw};
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
      stats->known[absent[i]] = false;
  }
}

int stats_decode(const void *payload, size_t size, enum stats_origin origin,
                 uint16_t default_version, struct stats *stats) {
  uint16_t version;
  if (size < sizeof(version))
    return -EBADMSG;
  memcpy(&version, payload, sizeof(version));
  if (version == 0)
    version = default_version;
  if (version < STATS_VERSION_OLDEST)
    return -EPROTONOSUPPORT;
  if (size < stats_size(version))
    return -EBADMSG;

  *stats = (struct stats){.origin = origin};
  struct walk walk = {.version = version, .bytes = payload, .stats = stats};
  walk_all(&walk);
  stats->values[FIELD_version] = version;
  know_less(stats, version);
  return 0;
}
