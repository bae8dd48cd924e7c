/* SPDX-License-Identifier: MIT */
#include "kernel/record.h"
#include "stats.h"
#include "tape.h"

#include "support/record_pairs.h"
#include "support/test.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/*
 * The plugin's decoder and the probe's, which share no code, decode what real
 * kernels sent (taskstats-probe capture): the results must be equal.
 */

static const struct {
  const char *path;
  unsigned records, version;
} tapes[] = {
    {FIXTURES "/linux-6.18-living.tape", 2, 16},
    {FIXTURES "/linux-6.18-ends.tape", 6, 16},
};

static void assert_agree(const char *path, const struct record *record,
                         const struct stats *stats) {
  struct record_pair pairs[RECORD_PAIRS];
  record_pairs(record, pairs);
  for (size_t i = 0; i < COUNT_OF(pairs); i++)
    if (pairs[i].plugin != stats->values[pairs[i].field])
      fail_msg("%s: %s: the plugin reads %llu, the probe %llu", path,
               stats_about(pairs[i].field)->name,
               (unsigned long long)pairs[i].plugin,
               (unsigned long long)stats->values[pairs[i].field]);
  assert_case_string(path, record->comm, stats->comm);
  for (int kind = 0; kind < STATS_KIND_COUNT; kind++) {
    struct stats_wait wait = stats_wait((enum stats_kind)kind);
    assert_case_string(path, delay_name((enum delay)kind),
                       stats_kind_name((enum stats_kind)kind));
    assert_case_int(path, record->waits[kind], stats->values[wait.count]);
    assert_case_int(path, record->delay_ns[kind], stats->values[wait.total]);
    if (stats->known[wait.max] && record->pid != 0)
      assert_case_int(path, record->delay_max_ns[kind],
                      stats->values[wait.max]);
  }
}

static void both_decoders_agree(void **state) {
  (void)state;
  if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
    skip_if_emulated("records of a machine with another order of bytes");
  for (size_t i = 0; i < COUNT_OF(tapes); i++) {
    static struct tape_record taped;
    unsigned records = 0;
    uint16_t version = 0;
    uint32_t message = 0;
    int status;
    FILE *file = fopen(tapes[i].path, "re");
    assert_non_null(file);
    assert_case_int(tapes[i].path, tape_open(file), 0);
    while ((status = tape_get(file, &taped)) == 0) {
      struct record record;
      struct stats stats;
      uint16_t default_version = taped.message == message ? version : 0;
      assert_int_equal(
          record_decode(taped.payload, taped.size, default_version, &record),
          0);
      assert_int_equal(stats_decode(taped.payload, taped.size, taped.origin,
                                    default_version, &stats),
                       0);
      assert_case_int(tapes[i].path, record.version, tapes[i].version);
      assert_agree(tapes[i].path, &record, &stats);
      version = record.version;
      message = taped.message;
      records++;
    }
    assert_case_int(tapes[i].path, status, -ENODATA);
    assert_case_int(tapes[i].path, records, tapes[i].records);
    fclose(file);
  }
}

/* The same bytes under each version: the layouts agree, too. */
static void both_decoders_agree_on_every_version(void **state) {
  (void)state;
  for (uint16_t version = 8; version <= 18; version++) {
    unsigned char payload[1024];
    struct record record;
    struct stats stats;
    for (size_t at = 0; at < sizeof(payload); at++)
      payload[at] = (unsigned char)(at * 41 + at / 256 + 3);
    memcpy(payload, &version, sizeof(version));
    assert_int_equal(record_decode(payload, sizeof(payload), 0, &record), 0);
    assert_int_equal(
        stats_decode(payload, sizeof(payload), STATS_THREAD_END, 0, &stats), 0);
    assert_agree("noise", &record, &stats);
  }
}

static void a_damaged_tape_is_refused(void **state) {
  (void)state;
  static struct tape_record taped = {.size = 5, .payload = "12345"};
  FILE *file = tmpfile();
  assert_non_null(file);
  assert_int_equal(tape_begin(file), 0);
  assert_int_equal(tape_put(file, &taped), 0);
  assert_int_equal(ftell(file), 16 + 16 + 8);
  rewind(file);
  assert_int_equal(tape_open(file), 0);
  assert_int_equal(tape_get(file, &taped), 0);
  assert_int_equal(taped.size, 5);
  assert_int_equal(tape_get(file, &taped), -ENODATA);
  static const uint32_t heads[][4] = {
      {9, 1, 0, 8}, {0, 1, 0, 5000}, {0, 1, 0, 8}};
  for (size_t i = 0; i < COUNT_OF(heads); i++) {
    fseek(file, 16, SEEK_SET);
    fwrite(heads[i], sizeof(heads[i]), 1, file);
    fflush(file);
    fseek(file, i == 2 ? 24 : 16, SEEK_SET); /* the last: cut off */
    assert_int_equal(tape_get(file, &taped), -EBADMSG);
  }
  rewind(file);
  fputs("TSPROBE2", file);
  rewind(file);
  assert_int_equal(tape_open(file), -EBADMSG);
  fclose(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_decoders_agree),
      cmocka_unit_test(both_decoders_agree_on_every_version),
      cmocka_unit_test(a_damaged_tape_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
