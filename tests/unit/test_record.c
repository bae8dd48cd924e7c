/* SPDX-License-Identifier: MIT */
#include "kernel/record.h"

#include "support/payload.h"
#include "support/test.h"

#include <errno.h>
#include <linux/taskstats.h>
#include <stdio.h>
#include <stdlib.h>

/* Decodes size bytes that end where the memory ends, so that a sanitizer sees
 * what is read behind them. */
static int decode_exactly(const unsigned char *payload, size_t size,
                          struct record *record) {
  unsigned char *copy = malloc(size > 0 ? size : 1);
  assert_non_null(copy);
  memcpy(copy, payload, size);
  int status = record_decode(copy, size, 0, record);
  free(copy);
  return status;
}

static const char *name_of(uint16_t version) {
  static char name[32];
  snprintf(name, sizeof(name), "version %u", version);
  return name;
}

static void decodes_each_version(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(layouts); i++) {
    struct record expected = payload_record(layouts[i].version, i);
    unsigned char payload[PAYLOAD_SIZE];
    payload_build(payload, &expected);

    struct record record;
    memset(&record, 0xa5, sizeof(record));
    const char *name = name_of(layouts[i].version);
    assert_case_int(name, decode_exactly(payload, layouts[i].size, &record), 0);
    assert_record(name, &record, &expected);
  }
}

/* The build machine's header confirms the offsets independently. */
static void layouts_agree_with_the_header(void **state) {
  (void)state;
  if (TASKSTATS_VERSION > 17)
    skip();
  const struct layout *layout = layout_of(TASKSTATS_VERSION);

  assert_int_equal(layout->size, sizeof(struct taskstats));
  assert_int_equal(layout->cpu_run_virtual_total,
                   offsetof(struct taskstats, cpu_run_virtual_total));
  assert_int_equal(layout->ac_utime, offsetof(struct taskstats, ac_utime));
  assert_int_equal(layout->ac_stime, offsetof(struct taskstats, ac_stime));
  assert_int_equal(layout->nvcsw, offsetof(struct taskstats, nvcsw));
  assert_int_equal(layout->nivcsw, offsetof(struct taskstats, nivcsw));
  assert_int_equal(layout->ac_exitcode,
                   offsetof(struct taskstats, ac_exitcode));
  assert_int_equal(layout->ac_flag, offsetof(struct taskstats, ac_flag));
  assert_int_equal(layout->ac_comm, offsetof(struct taskstats, ac_comm));
  assert_int_equal(layout->ac_uid, offsetof(struct taskstats, ac_uid));
  assert_int_equal(layout->ac_pid, offsetof(struct taskstats, ac_pid));
  assert_int_equal(layout->ac_ppid, offsetof(struct taskstats, ac_ppid));
  assert_int_equal(layout->ac_etime, offsetof(struct taskstats, ac_etime));
  assert_int_equal(layout->ac_minflt, offsetof(struct taskstats, ac_minflt));
  assert_int_equal(layout->ac_majflt, offsetof(struct taskstats, ac_majflt));
  assert_int_equal(layout->read_char, offsetof(struct taskstats, read_char));
  assert_int_equal(layout->write_char, offsetof(struct taskstats, write_char));
  assert_int_equal(layout->read_bytes, offsetof(struct taskstats, read_bytes));
  assert_int_equal(layout->write_bytes,
                   offsetof(struct taskstats, write_bytes));
  assert_int_equal(layout->ac_tgid, offsetof(struct taskstats, ac_tgid));
  assert_int_equal(layout->ac_tgetime, offsetof(struct taskstats, ac_tgetime));
  assert_int_equal(layout->ac_exe_dev, offsetof(struct taskstats, ac_exe_dev));
  assert_int_equal(layout->ac_exe_inode,
                   offsetof(struct taskstats, ac_exe_inode));
  assert_int_equal(layout->delays[DELAY_CPU].count,
                   offsetof(struct taskstats, cpu_count));
  assert_int_equal(layout->delays[DELAY_BLKIO].total,
                   offsetof(struct taskstats, blkio_delay_total));
  assert_int_equal(layout->delays[DELAY_SWAPIN].total,
                   offsetof(struct taskstats, swapin_delay_total));
  assert_int_equal(layout->delays[DELAY_FREEPAGES].total,
                   offsetof(struct taskstats, freepages_delay_total));
  assert_int_equal(layout->delays[DELAY_THRASHING].total,
                   offsetof(struct taskstats, thrashing_delay_total));
  assert_int_equal(layout->delays[DELAY_COMPACT].total,
                   offsetof(struct taskstats, compact_delay_total));
  assert_int_equal(layout->delays[DELAY_WPCOPY].total,
                   offsetof(struct taskstats, wpcopy_delay_total));
}

/* Both have 560 bytes: only the version tells them apart. */
static void tells_15_from_16(void **state) {
  (void)state;
  static const uint16_t versions[] = {15, 16};

  for (size_t i = 0; i < COUNT_OF(versions); i++) {
    uint16_t other = versions[1 - i];
    struct record expected = payload_record(versions[i], 1);
    unsigned char payload[PAYLOAD_SIZE];
    struct record record;

    payload_build(payload, &expected);
    assert_int_equal(record_decode(payload, 560, 0, &record), 0);
    assert_record(name_of(versions[i]), &record, &expected);

    /* Decoded as the other version, every value except the exit code, the flags
     * and the first delay's is wrong. */
    memcpy(payload, &other, sizeof(other));
    assert_int_equal(record_decode(payload, 560, 0, &record), 0);
    const char *name = name_of(versions[i]);
    assert_case(name, record.waits[DELAY_CPU] == expected.waits[DELAY_CPU]);
    assert_case(name, record.cpu_ns != expected.cpu_ns);
    assert_case(name, record.user_us != expected.user_us);
    assert_case(name, record.system_us != expected.system_us);
    assert_case(name, record.switches_voluntary != expected.switches_voluntary);
    assert_case(name,
                record.switches_involuntary != expected.switches_involuntary);
    assert_case(name, strcmp(record.comm, expected.comm) != 0);
    assert_case(name, record.uid != expected.uid);
    assert_case(name, record.pid != expected.pid);
    assert_case(name, record.ppid != expected.ppid);
    assert_case(name, record.elapsed_us != expected.elapsed_us);
    assert_case(name, record.faults_minor != expected.faults_minor);
    assert_case(name, record.faults_major != expected.faults_major);
    assert_case(name, record.read_chars != expected.read_chars);
    assert_case(name, record.write_chars != expected.write_chars);
    assert_case(name, record.read_bytes != expected.read_bytes);
    assert_case(name, record.write_bytes != expected.write_bytes);
    assert_case(name, record.tgid != expected.tgid);
    assert_case(name, record.process_elapsed_us != expected.process_elapsed_us);
    assert_case(name, record.exe_dev != expected.exe_dev);
    assert_case(name, record.exe_inode != expected.exe_inode);
    for (size_t k = DELAY_BLKIO; k < DELAY_KINDS; k++) {
      assert_case(name, record.waits[k] != expected.waits[k]);
      assert_case(name, record.delay_ns[k] != expected.delay_ns[k]);
    }
  }
}

static void refuses_short_payloads(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(layouts); i++) {
    /* What a later version adds is ignored. */
    if (layouts[i].version > 17)
      continue;
    struct record expected = payload_record(layouts[i].version, i);
    unsigned char payload[PAYLOAD_SIZE];
    struct record record;

    payload_build(payload, &expected);
    for (size_t size = 0; size < layouts[i].size; size++)
      assert_case_int(name_of(layouts[i].version),
                      decode_exactly(payload, size, &record), -EBADMSG);
  }
}

/* An unknown version has at least what the last known one had. */
static void refuses_short_later_versions(void **state) {
  (void)state;
  struct record expected = payload_record(18, 1), record;
  unsigned char payload[PAYLOAD_SIZE];

  payload_build(payload, &expected);
  assert_int_equal(decode_exactly(payload, 687, &record), -EBADMSG);
  assert_int_equal(decode_exactly(payload, 688, &record), 0);
}

static void refuses_old_versions(void **state) {
  (void)state;
  for (uint16_t version = 0; version < 8; version++) {
    struct record expected = payload_record(8, 1), record;
    unsigned char payload[PAYLOAD_SIZE];

    payload_build(payload, &expected);
    memcpy(payload, &version, sizeof(version));
    assert_case_int(name_of(version), decode_exactly(payload, 328, &record),
                    -EPROTONOSUPPORT);
    /* Even if it is shorter than any known one. */
    assert_case_int(name_of(version), decode_exactly(payload, 96, &record),
                    -EPROTONOSUPPORT);
  }
}

static void ignores_what_follows(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(layouts); i++) {
    struct record expected = payload_record(layouts[i].version, i), record;
    unsigned char payload[PAYLOAD_SIZE];

    payload_build(payload, &expected);
    for (size_t more = 1; more <= 264; more += 263) {
      const char *name = name_of(layouts[i].version);
      assert_case_int(
          name, decode_exactly(payload, layouts[i].size + more, &record), 0);
      assert_record(name, &record, &expected);
    }
  }
}

static void decodes_unaligned_payloads(void **state) {
  (void)state;
  for (size_t shift = 1; shift < 8; shift++) {
    struct record expected = payload_record(15, shift), record;
    unsigned char payload[PAYLOAD_SIZE];
    _Alignas(8) unsigned char shifted[PAYLOAD_SIZE + 8];

    payload_build(payload, &expected);
    memcpy(shifted + shift, payload, PAYLOAD_SIZE);
    assert_int_equal(record_decode(shifted + shift, 560, 0, &record), 0);
    assert_record("unaligned", &record, &expected);
  }
}

/* No kernel sends this: a name without a NUL. */
static void ends_names(void **state) {
  (void)state;
  for (uint16_t version = 15; version <= 16; version++) {
    struct record expected = payload_record(version, 1), record;
    unsigned char payload[PAYLOAD_SIZE];

    memset(expected.comm, 'x', sizeof(expected.comm));
    payload_build(payload, &expected);
    assert_int_equal(record_decode(payload, 560, 0, &record), 0);
    assert_case_int(name_of(version), strlen(record.comm),
                    sizeof(record.comm) - 1);
  }
}

/* Version 11 ends where version 12 has the process's id: whatever follows. */
static void has_no_process_id_before_12(void **state) {
  (void)state;
  for (uint16_t version = 8; version <= 12; version++) {
    struct record expected = payload_record(version, 1), record;
    unsigned char payload[PAYLOAD_SIZE];

    payload_build(payload, &expected);
    memset(&record, 0xa5, sizeof(record));
    assert_int_equal(record_decode(payload, PAYLOAD_SIZE, 0, &record), 0);
    const char *name = name_of(version);
    bool has = version >= 12;
    assert_case_int(name, record.tgid != 0, has);
    assert_case_int(name, record.process_elapsed_us != 0, has);
    assert_case_int(name, record.exe_dev != 0, has);
    assert_case_int(name, record.exe_inode != 0, has);
  }
}

#define BIT(kind) (UINT32_C(1) << DELAY_##kind)

static void knows_the_delays_of_each_version(void **state) {
  (void)state;
  const uint32_t of_8 = BIT(CPU) | BIT(BLKIO) | BIT(SWAPIN) | BIT(FREEPAGES);
  const uint32_t of_9 = of_8 | BIT(THRASHING), of_11 = of_9 | BIT(COMPACT);
  const uint32_t of_13 = of_11 | BIT(WPCOPY), of_14 = of_13 | BIT(IRQ);
  const struct {
    uint16_t version;
    uint32_t kinds;
  } cases[] = {
      {8, of_8},   {9, of_9},   {10, of_9},  {11, of_11},
      {12, of_11}, {13, of_13}, {14, of_14}, {15, of_14},
      {16, of_14}, {17, of_14}, {18, of_14}, {UINT16_MAX, of_14},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_case_int(name_of(cases[i].version), record_delays(cases[i].version),
                    cases[i].kinds);
}

static void knows_a_blank_record(void **state) {
  (void)state;
  const struct {
    const char *name;
    struct record record;
    bool is_blank;
  } cases[] = {
      {"all zero", {.version = 16}, true},
      {"ran", {.version = 16, .cpu_ns = 1}, false},
      {"waited for a CPU", {.version = 16, .waits[DELAY_CPU] = 1}, false},
      {"ended threads waited only",
       {.version = 16, .waits[DELAY_CPU] = 26, .delay_ns[DELAY_CPU] = 1900},
       false},
  };

  for (size_t i = 0; i < COUNT_OF(cases); i++)
    assert_case_int(cases[i].name, record_is_blank(&cases[i].record),
                    cases[i].is_blank);
}

static void names_the_delays(void **state) {
  (void)state;
  static const char *const names[] = {"cpu",       "blkio",     "swapin",
                                      "freepages", "thrashing", "compact",
                                      "wpcopy",    "irq"};

  assert_int_equal(DELAY_KINDS, COUNT_OF(names));
  for (unsigned int i = 0; i < DELAY_KINDS; i++)
    assert_string_equal(delay_name((enum delay)i), names[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(decodes_each_version),
      cmocka_unit_test(layouts_agree_with_the_header),
      cmocka_unit_test(tells_15_from_16),
      cmocka_unit_test(refuses_short_payloads),
      cmocka_unit_test(refuses_short_later_versions),
      cmocka_unit_test(refuses_old_versions),
      cmocka_unit_test(ignores_what_follows),
      cmocka_unit_test(decodes_unaligned_payloads),
      cmocka_unit_test(ends_names),
      cmocka_unit_test(has_no_process_id_before_12),
      cmocka_unit_test(knows_the_delays_of_each_version),
      cmocka_unit_test(knows_a_blank_record),
      cmocka_unit_test(names_the_delays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
