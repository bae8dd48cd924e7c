/* SPDX-License-Identifier: MIT */
#include "column.h"

#include <stdbool.h>
#include <stdio.h>

static void format_count(char *cell, size_t size, double value) {
  snprintf(cell, size, "%.0f", value);
}

/* An exact 0 is printed as "0", so that "0.0" means little, not none. */
static void format_amount(char *cell, size_t size, double value) {
  bool with_fraction = value != 0 && value < 99.95;
  snprintf(cell, size, "%.*f", with_fraction ? 1 : 0, value);
}

static void format_bytes(char *cell, size_t size, double value) {
  static const char units[] = {'K', 'M', 'G', 'T', 'P'};
  if (value < 999.5) {
    snprintf(cell, size, "%.0f", value);
    return;
  }
  size_t unit = 0;
  for (value /= 1024; value >= 999.5 && unit + 1 < sizeof(units); unit++)
    value /= 1024;
  snprintf(cell, size, "%.*f%c", value < 9.95 ? 1 : 0, value, units[unit]);
}

/* Releases of clang-format differ about braces in macros. */
/* clang-format off */
static const struct column all[] = {
#define COUNT(title, source, rank)                                             \
  {                                                                            \
    "", source, title, 5, rank, "ps_count", NULL, "", {source}, 1, 0,          \
        format_count                                                           \
  }
#define DELAY(kind, title, width, rank)                                        \
  {                                                                            \
    " waited, ms/s ", kind, title, width, rank, "total_time_in_ms",            \
        "delay_rate", "delay-" kind, {"value"}, 1, 1e3, format_amount          \
  }
#define BYTES(section, key, type, title, source, rank)                         \
  { section, key, title, 5, rank, type, NULL, "", {source}, 1, 0, format_bytes }
    /* clang-format on */
    COUNT("procs", "processes", 0),
    COUNT("thrds", "threads", 4),
    /* µs per second; 10,000 of them are one percent of a core */
    {"",
     "cpu%",
     "cpu%",
     6,
     0,
     "ps_cputime",
     NULL,
     "",
     {"user", "syst"},
     1e-4,
     0,
     format_amount},
    DELAY("cpu", "cpu", 6, 0),
    DELAY("blkio", "blkio", 6, 0),
    DELAY("swapin", "swapin", 6, 0),
    DELAY("freepages", "freepg", 6, 2),
    DELAY("thrashing", "thrash", 6, 3),
    DELAY("compact", "compct", 6, 5),
    DELAY("wpcopy", "wpcopy", 6, 6),
    DELAY("irq", "irq", 5, 7),
    BYTES(" disk, B/s ", "disk_read", "disk_octets", "read", "read", 1),
    BYTES(" disk, B/s ", "disk_write", "disk_octets", "write", "write", 1),
    BYTES("calls, B/s", "calls_read", "io_octets", "read", "rx", 8),
    BYTES("calls, B/s", "calls_write", "io_octets", "write", "tx", 8),
#undef COUNT
#undef DELAY
#undef BYTES
};

_Static_assert(sizeof(all) / sizeof(all[0]) == COLUMNS, "column.h counts them");
const struct column *const columns = all;
