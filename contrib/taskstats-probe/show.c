/* SPDX-License-Identifier: MIT */
#include "show.h"

#include "kernel/libc.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

static const char unknown[] = "unknown";

void show_clean(char *text) {
  for (; *text != '\0'; text++)
    if (*text < ' ' || *text > '~')
      *text = '?';
}

static void show_scaled(char text[SHOW_SIZE], double value, double base,
                        const char *const units[], size_t count) {
  size_t unit = 0;
  while (unit + 1 < count && fabs(value) >= base) {
    value /= base;
    unit++;
  }
  snprintf(text, SHOW_SIZE, "%.*f %s", unit == 0 ? 0 : 3, value, units[unit]);
}

void show_ns(char text[SHOW_SIZE], double ns) {
  static const char *const units[] = {"ns", "us", "ms", "s"};
  show_scaled(text, ns, 1000, units, 4);
}

static void show_bytes(char text[SHOW_SIZE], double bytes) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  show_scaled(text, bytes, 1024, units, 5);
}

static void show_time(char text[SHOW_SIZE], uint64_t seconds, uint64_t ns) {
  time_t when = (time_t)seconds;
  struct tm tm;
  char part[16];
  if (localtime_r(&when, &tm) == NULL ||
      strftime(text, SHOW_SIZE - sizeof(part), "%F %T", &tm) == 0)
    snprintf(text, SHOW_SIZE, "%llu", (unsigned long long)seconds);
  if (ns > 0) {
    snprintf(part, sizeof(part), ".%03u", (unsigned)(ns / 1000000 % 1000));
    strcat(text, part);
  }
}

static void show_flags(char text[SHOW_SIZE], uint64_t flags) {
  static const struct {
    uint8_t bit;
    const char *name;
  } names[] = {{STATS_FORKED, "forked without exec"},
               {STATS_SUPERUSER, "was superuser"},
               {STATS_CORE, "by a signal that dumps core"},
               {STATS_SIGNALED, "killed by a signal"},
               {STATS_LAST_THREAD, "last thread"}};
  snprintf(text, SHOW_SIZE, "0x%02x", (unsigned)flags);
  for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if ((flags & names[i].bit) != 0) {
      size_t at = strlen(text);
      snprintf(text + at, SHOW_SIZE - at, ", %s", names[i].name);
    }
}

void show_signal(char text[SHOW_SIZE], int number) {
  const char *name = sigabbrev_np(number);
  if (name != NULL)
    snprintf(text, SHOW_SIZE, "SIG%s", name);
  else
    snprintf(text, SHOW_SIZE, "signal %d", number);
}

void show_end(char text[SHOW_SIZE], uint32_t status) {
  if (!WIFSIGNALED((int)status)) {
    snprintf(text, SHOW_SIZE, "exit %d", WEXITSTATUS((int)status));
    return;
  }
  show_signal(text, WTERMSIG((int)status));
  if (WCOREDUMP((int)status))
    strcat(text, ", core dumped");
}

/* The kernel's encoding: the low 8 bits of the minor number, 12 of the major,
 * then the rest of the minor. */
static void show_device(char text[SHOW_SIZE], uint64_t device) {
  snprintf(text, SHOW_SIZE, "%u:%u", (unsigned)(device >> 8 & 0xfff),
           (unsigned)((device & 0xff) | (device >> 12 & 0xfff00)));
}

void show_bare(char text[SHOW_SIZE], const struct stats *stats,
               enum stats_field field) {
  uint64_t value = stats->values[field];
  if (!stats->known[field])
    snprintf(text, SHOW_SIZE, "%s", unknown);
  else if (stats_about(field)->unit == UNIT_TEXT)
    snprintf(text, SHOW_SIZE, "%s", stats->comm);
  else if (stats_about(field)->unit == UNIT_NICE)
    snprintf(text, SHOW_SIZE, "%d", (int8_t)value);
  else
    snprintf(text, SHOW_SIZE, "%llu", (unsigned long long)value);
  show_clean(text);
}

void show_value(char text[SHOW_SIZE], const struct stats *stats,
                enum stats_field field) {
  uint64_t value = stats->values[field];
  enum stats_unit unit =
      stats->known[field] ? stats_about(field)->unit : UNIT_NONE;
  switch (unit) {
  case UNIT_NS:
    show_ns(text, (double)value);
    break;
  case UNIT_US:
    show_ns(text, (double)value * 1000);
    break;
  case UNIT_BYTES:
    show_bytes(text, (double)value);
    break;
  case UNIT_KIB:
    show_bytes(text, (double)value * 1024);
    break;
  case UNIT_MBUS:
    snprintf(text, SHOW_SIZE, "%.3f MB*s", (double)value / 1e6);
    break;
  case UNIT_EPOCH:
    show_time(text, value, 0);
    break;
  case UNIT_MOMENT:
    show_time(text, value / 1000000000, value % 1000000000);
    break;
  case UNIT_STATUS:
    show_end(text, (uint32_t)value);
    break;
  case UNIT_FLAGS:
    show_flags(text, value);
    break;
  case UNIT_DEVICE:
    show_device(text, value);
    break;
  default:
    show_bare(text, stats, field);
  }
}

void show_rate(char text[SHOW_SIZE], double rate, enum stats_unit unit) {
  switch (unit) {
  case UNIT_NS:
    snprintf(text, SHOW_SIZE, "%.3f ms/s", rate / 1e6);
    break;
  case UNIT_US:
    snprintf(text, SHOW_SIZE, "%.3f ms/s", rate / 1e3);
    break;
  case UNIT_BYTES:
    show_bytes(text, rate);
    strcat(text, "/s");
    break;
  default:
    snprintf(text, SHOW_SIZE, "%.3f /s", rate);
  }
}

/* Whether it has control characters: C0, DEL, or, in UTF-8, C1. */
static bool has_controls(const char *text) {
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++)
    if (*c < ' ' || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
      return true;
  return false;
}

json_t *show_json_text(const char *text) {
  json_t *string = has_controls(text) ? NULL : json_string(text);
  if (string != NULL)
    return string;
  char clean[SHOW_SIZE]; /* it had control characters, or was not UTF-8 */
  snprintf(clean, sizeof(clean), "%s", text);
  show_clean(clean);
  return json_string(clean);
}

json_t *show_json(const struct stats *stats, enum stats_field field) {
  uint64_t value = stats->values[field];
  if (!stats->known[field])
    return json_null();
  switch (stats_about(field)->unit) {
  case UNIT_TEXT:
    return show_json_text(stats->comm);
  case UNIT_NICE:
    return json_integer((int8_t)value);
  default:
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
  }
}

json_t *show_json_all(const struct stats *stats) {
  json_t *object = json_object();
  for (int field = 0; field < STATS_FIELD_COUNT; field++)
    json_object_set_new(object, stats_about((enum stats_field)field)->name,
                        show_json(stats, (enum stats_field)field));
  return object;
}

void show_json_line(json_t *value) {
  json_dumpf(value, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
  putchar('\n');
  json_decref(value);
}
