/* SPDX-License-Identifier: MIT */
#include "stats.h"

#include "support/test.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where each field stands, counted by hand from the kernel's headers. */
struct place {
  const char *name;
  size_t offset, size;
};

/* clang-format off */
/* Of every version but 15, whose struct ends where its size says. */
static const struct place places[] = {
    {"version", 0, 2}, {"ac_exitcode", 4, 4}, {"ac_flag", 8, 1},
    {"ac_nice", 9, 1}, {"cpu_count", 16, 8}, {"cpu_delay_total", 24, 8},
    {"blkio_count", 32, 8}, {"blkio_delay_total", 40, 8},
    {"swapin_count", 48, 8}, {"swapin_delay_total", 56, 8},
    {"cpu_run_real_total", 64, 8}, {"cpu_run_virtual_total", 72, 8},
    {"ac_comm", 80, 32}, {"ac_sched", 112, 1}, {"ac_uid", 120, 4},
    {"ac_gid", 124, 4}, {"ac_pid", 128, 4}, {"ac_ppid", 132, 4},
    {"ac_btime", 136, 4}, {"ac_etime", 144, 8}, {"ac_utime", 152, 8},
    {"ac_stime", 160, 8}, {"ac_minflt", 168, 8}, {"ac_majflt", 176, 8},
    {"coremem", 184, 8}, {"virtmem", 192, 8}, {"hiwater_rss", 200, 8},
    {"hiwater_vm", 208, 8}, {"read_char", 216, 8}, {"write_char", 224, 8},
    {"read_syscalls", 232, 8}, {"write_syscalls", 240, 8},
    {"read_bytes", 248, 8}, {"write_bytes", 256, 8},
    {"cancelled_write_bytes", 264, 8}, {"nvcsw", 272, 8}, {"nivcsw", 280, 8},
    {"ac_utimescaled", 288, 8}, {"ac_stimescaled", 296, 8},
    {"cpu_scaled_run_real_total", 304, 8}, {"freepages_count", 312, 8},
    {"freepages_delay_total", 320, 8}, {"thrashing_count", 328, 8},
    {"thrashing_delay_total", 336, 8}, {"ac_btime64", 344, 8},
    {"compact_count", 352, 8}, {"compact_delay_total", 360, 8},
    {"ac_tgid", 368, 4}, {"ac_tgetime", 376, 8}, {"ac_exe_dev", 384, 8},
    {"ac_exe_inode", 392, 8}, {"wpcopy_count", 400, 8},
    {"wpcopy_delay_total", 408, 8}, {"irq_count", 416, 8},
    {"irq_delay_total", 424, 8},
    {"cpu_delay_max", 432, 8}, {"cpu_delay_min", 440, 8},
    {"blkio_delay_max", 448, 8}, {"blkio_delay_min", 456, 8},
    {"swapin_delay_max", 464, 8}, {"swapin_delay_min", 472, 8},
    {"freepages_delay_max", 480, 8}, {"freepages_delay_min", 488, 8},
    {"thrashing_delay_max", 496, 8}, {"thrashing_delay_min", 504, 8},
    {"compact_delay_max", 512, 8}, {"compact_delay_min", 520, 8},
    {"wpcopy_delay_max", 528, 8}, {"wpcopy_delay_min", 536, 8},
    {"irq_delay_max", 544, 8}, {"irq_delay_min", 552, 8},
    {"cpu_delay_max_ts", 560, 16}, {"blkio_delay_max_ts", 576, 16},
    {"swapin_delay_max_ts", 592, 16}, {"freepages_delay_max_ts", 608, 16},
    {"thrashing_delay_max_ts", 624, 16}, {"compact_delay_max_ts", 640, 16},
    {"wpcopy_delay_max_ts", 656, 16}, {"irq_delay_max_ts", 672, 16},
};

static const struct place places_15[] = {
    {"version", 0, 2}, {"ac_exitcode", 4, 4}, {"ac_flag", 8, 1},
    {"ac_nice", 9, 1}, {"cpu_count", 16, 8}, {"cpu_delay_total", 24, 8},
    {"cpu_delay_max", 32, 8}, {"cpu_delay_min", 40, 8},
    {"blkio_count", 48, 8}, {"blkio_delay_total", 56, 8},
    {"blkio_delay_max", 64, 8}, {"blkio_delay_min", 72, 8},
    {"swapin_count", 80, 8}, {"swapin_delay_total", 88, 8},
    {"swapin_delay_max", 96, 8}, {"swapin_delay_min", 104, 8},
    {"cpu_run_real_total", 112, 8}, {"cpu_run_virtual_total", 120, 8},
    {"ac_comm", 128, 32}, {"ac_sched", 160, 1}, {"ac_uid", 168, 4},
    {"ac_gid", 172, 4}, {"ac_pid", 176, 4}, {"ac_ppid", 180, 4},
    {"ac_btime", 184, 4}, {"ac_etime", 192, 8}, {"ac_utime", 200, 8},
    {"ac_stime", 208, 8}, {"ac_minflt", 216, 8}, {"ac_majflt", 224, 8},
    {"coremem", 232, 8}, {"virtmem", 240, 8}, {"hiwater_rss", 248, 8},
    {"hiwater_vm", 256, 8}, {"read_char", 264, 8}, {"write_char", 272, 8},
    {"read_syscalls", 280, 8}, {"write_syscalls", 288, 8},
    {"read_bytes", 296, 8}, {"write_bytes", 304, 8},
    {"cancelled_write_bytes", 312, 8}, {"nvcsw", 320, 8}, {"nivcsw", 328, 8},
    {"ac_utimescaled", 336, 8}, {"ac_stimescaled", 344, 8},
    {"cpu_scaled_run_real_total", 352, 8},
    {"freepages_count", 360, 8}, {"freepages_delay_total", 368, 8},
    {"freepages_delay_max", 376, 8}, {"freepages_delay_min", 384, 8},
    {"thrashing_count", 392, 8}, {"thrashing_delay_total", 400, 8},
    {"thrashing_delay_max", 408, 8}, {"thrashing_delay_min", 416, 8},
    {"ac_btime64", 424, 8}, {"compact_count", 432, 8},
    {"compact_delay_total", 440, 8}, {"compact_delay_max", 448, 8},
    {"compact_delay_min", 456, 8}, {"ac_tgid", 464, 4},
    {"ac_tgetime", 472, 8}, {"ac_exe_dev", 480, 8}, {"ac_exe_inode", 488, 8},
    {"wpcopy_count", 496, 8}, {"wpcopy_delay_total", 504, 8},
    {"wpcopy_delay_max", 512, 8}, {"wpcopy_delay_min", 520, 8},
    {"irq_count", 528, 8}, {"irq_delay_total", 536, 8},
    {"irq_delay_max", 544, 8}, {"irq_delay_min", 552, 8},
};

static const struct {
  uint16_t version;
  size_t size;
} versions[] = {{8, 328},  {9, 344},  {10, 352}, {11, 368}, {12, 400},
                {13, 416}, {14, 432}, {15, 560}, {16, 560}, {17, 688},
                {18, 688} /* a later one, read as far as it is known */};
/* clang-format on */

enum { PAYLOAD_SIZE = 1024 };

static const char *name_of(uint16_t version) {
  static char name[32];
  snprintf(name, sizeof(name), "version %u", version);
  return name;
}

/* The field's place in a version, or NULL. */
static const struct place *place_of(uint16_t version, size_t size,
                                    const char *name) {
  const struct place *all = version == 15 ? places_15 : places;
  size_t count = version == 15 ? COUNT_OF(places_15) : COUNT_OF(places);
  for (size_t i = 0; i < count; i++)
    if (strcmp(all[i].name, name) == 0)
      return all[i].offset < size ? &all[i] : NULL;
  return NULL;
}

/* A different value in each byte of each field, noise between them. */
static void build(unsigned char *payload, uint16_t version) {
  for (size_t i = 0; i < PAYLOAD_SIZE; i++)
    payload[i] = (unsigned char)(i * 37 + i / 256 + 1);
  memcpy(payload, &version, sizeof(version));
}

static uint64_t value_at(const unsigned char *payload,
                         const struct place *place) {
  uint64_t value = 0;
  size_t size = place->size == 16 ? 8 : place->size; /* seconds, and ns */
  for (size_t i = 0; i < size; i++) {
    bool is_first_low = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;
    size_t at = is_first_low ? size - 1 - i : i; /* the highest first */
    value = value << 8 | payload[place->offset + at];
  }
  if (place->size != 16)
    return value;
  uint64_t rest;
  memcpy(&rest, payload + place->offset + 8, sizeof(rest));
  return value * UINT64_C(1000000000) + rest;
}

/* Decodes size bytes that end where the memory ends. */
static int decode_exactly(const unsigned char *payload, size_t size,
                          enum stats_origin origin, struct stats *stats) {
  unsigned char *copy = malloc(size > 0 ? size : 1);
  assert_non_null(copy);
  memcpy(copy, payload, size);
  int status = stats_decode(copy, size, origin, 0, stats);
  free(copy);
  return status;
}

static void decodes_every_field_of_every_version(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(versions); i++) {
    unsigned char payload[PAYLOAD_SIZE];
    struct stats stats;
    const char *version = name_of(versions[i].version);
    build(payload, versions[i].version);
    memset(&stats, 0xa5, sizeof(stats));
    assert_case_int(version, stats_size(versions[i].version), versions[i].size);
    assert_case_int(
        version,
        decode_exactly(payload, versions[i].size, STATS_THREAD_END, &stats), 0);
    for (int field = 0; field < STATS_FIELD_COUNT; field++) {
      const char *name = stats_about((enum stats_field)field)->name;
      const struct place *place =
          place_of(versions[i].version, versions[i].size, name);
      if (field == FIELD_ac_comm)
        continue;
      if (stats.known[field] != (place != NULL))
        fail_msg("%s: %s is %sknown", version, name,
                 place != NULL ? "not " : "");
      uint64_t expected = place != NULL ? value_at(payload, place) : 0;
      if (stats.values[field] != expected)
        fail_msg("%s: %s is %#llx, not %#llx", version, name,
                 (unsigned long long)stats.values[field],
                 (unsigned long long)expected);
    }
    const struct place *comm =
        place_of(versions[i].version, versions[i].size, "ac_comm");
    assert_memory_equal(stats.comm, payload + comm->offset, 31);
    assert_int_equal(stats.comm[31], '\0');
  }
}

static void refuses_what_is_too_short_or_too_old(void **state) {
  (void)state;
  unsigned char payload[PAYLOAD_SIZE];
  struct stats stats;
  for (size_t i = 0; i < COUNT_OF(versions); i++) {
    build(payload, versions[i].version);
    for (size_t size = 0; size < versions[i].size; size++)
      assert_case_int(name_of(versions[i].version),
                      decode_exactly(payload, size, STATS_PROCESS, &stats),
                      -EBADMSG);
  }
  for (uint16_t version = 0; version < 8; version++) {
    build(payload, version);
    assert_case_int(name_of(version),
                    decode_exactly(payload, 688, STATS_THREAD, &stats),
                    -EPROTONOSUPPORT);
  }
}

static void takes_the_default_version(void **state) {
  (void)state;
  unsigned char payload[PAYLOAD_SIZE];
  struct stats stats;
  build(payload, 0);
  assert_int_equal(stats_decode(payload, 416, STATS_PROCESS_END, 13, &stats),
                   0);
  assert_int_equal(stats.values[FIELD_version], 13);
}

/* The fields that each origin lacks. */
static void knows_what_it_does_not_know(void **state) {
  (void)state;
  static const struct {
    const char *name;
    enum stats_origin origin;
    uint16_t version;
    bool comm, io, maximum, waits, exit, utime;
  } cases[] = {
      {"a living thread", STATS_THREAD, 16, true, true, true, true, false,
       true},
      {"a living process", STATS_PROCESS, 16, false, false, false, true, false,
       true},
      {"the end of a thread", STATS_THREAD_END, 16, true, true, true, true,
       true, true},
      {"the end of a process", STATS_PROCESS_END, 16, false, false, false, true,
       false, true},
      {"the end of a process, Linux 6.1", STATS_PROCESS_END, 13, false, false,
       false, true, false, false},
      {"a living process, Linux 6.1", STATS_PROCESS, 13, false, false, false,
       true, false, true},
  };
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    unsigned char payload[PAYLOAD_SIZE];
    struct stats stats;
    build(payload, cases[i].version);
    assert_int_equal(
        stats_decode(payload, PAYLOAD_SIZE, cases[i].origin, 0, &stats), 0);
    const char *name = cases[i].name;
    assert_case_int(name, stats.known[FIELD_ac_comm], cases[i].comm);
    assert_case_int(name, stats.known[FIELD_read_bytes], cases[i].io);
    assert_case_int(name, stats.known[FIELD_cpu_delay_max], cases[i].maximum);
    assert_case_int(name, stats.known[FIELD_blkio_count], cases[i].waits);
    assert_case_int(name, stats.known[FIELD_ac_exitcode], cases[i].exit);
    assert_case_int(name, stats.known[FIELD_ac_utime], cases[i].utime);
    assert_case_int(name, stats.known[FIELD_nvcsw], cases[i].utime);
  }
}

static void forgets_waits_that_are_not_counted(void **state) {
  (void)state;
  unsigned char payload[PAYLOAD_SIZE];
  struct stats stats;
  build(payload, 17);
  assert_int_equal(stats_decode(payload, 688, STATS_THREAD, 0, &stats), 0);
  stats_forget_delays(&stats);
  assert_true(stats.known[FIELD_cpu_delay_total]);
  assert_true(stats.known[FIELD_cpu_delay_max]);
  assert_false(stats.known[FIELD_blkio_count]);
  assert_false(stats.known[FIELD_irq_delay_total]);
  assert_false(stats.known[FIELD_swapin_delay_max_ts]);
  assert_true(stats.known[FIELD_nvcsw]);
}

static void no_wait_has_no_longest_one(void **state) {
  (void)state;
  unsigned char payload[PAYLOAD_SIZE];
  struct stats stats;
  build(payload, 17);
  memset(payload + 32, 0, 8); /* blkio_count */
  assert_int_equal(stats_decode(payload, 688, STATS_THREAD, 0, &stats), 0);
  assert_false(stats.known[FIELD_blkio_delay_max]);
  assert_false(stats.known[FIELD_blkio_delay_min]);
  assert_false(stats.known[FIELD_blkio_delay_max_ts]);
  assert_true(stats.known[FIELD_swapin_delay_max]);
}

static void finds_fields_by_name(void **state) {
  (void)state;
  assert_int_equal(stats_find("irq_delay_total"), FIELD_irq_delay_total);
  assert_int_equal(stats_find("cpu_delay_max_ts"), FIELD_cpu_delay_max_ts);
  assert_int_equal(stats_find("nonsense"), -1);
  for (size_t i = 0; i < COUNT_OF(places); i++)
    assert_case(places[i].name, stats_find(places[i].name) >= 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(decodes_every_field_of_every_version),
      cmocka_unit_test(refuses_what_is_too_short_or_too_old),
      cmocka_unit_test(takes_the_default_version),
      cmocka_unit_test(knows_what_it_does_not_know),
      cmocka_unit_test(forgets_waits_that_are_not_counted),
      cmocka_unit_test(no_wait_has_no_longest_one),
      cmocka_unit_test(finds_fields_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
