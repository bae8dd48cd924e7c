/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_PAYLOAD_H
#define TASKSTATS_PAYLOAD_H

#include "kernel/record.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

/*
 * Payloads in the layout of each version: the offsets were counted by hand in
 * the struct taskstats of the kernel headers, independently of record.c.
 */

struct layout {
  uint16_t version;
  size_t size;
  struct {
    size_t count, total, max;
  } delays[DELAY_KINDS]; /* as in enum delay; 0 for kinds that are missing */
  size_t cpu_run_virtual_total, ac_exitcode, ac_flag, ac_comm, ac_uid, ac_pid;
  size_t ac_ppid, ac_etime, ac_utime, ac_stime, ac_minflt, ac_majflt;
  size_t hiwater_rss;
  size_t read_char, write_char, read_bytes, write_bytes, nvcsw, nivcsw;
  /* 0 before version 12 */
  size_t ac_tgid, ac_tgetime, ac_exe_dev, ac_exe_inode;
};

/* clang-format off */
#define DELAYS_8 {16, 24, 0}, {32, 40, 0}, {48, 56, 0}, {312, 320, 0}
#define DELAYS_9 DELAYS_8, {328, 336, 0}
#define DELAYS_11 DELAYS_9, {352, 360, 0}
#define DELAYS_13 DELAYS_11, {400, 408, 0}
#define DELAYS_14 DELAYS_13, {416, 424, 0}
#define DELAYS_16                                                              \
  {16, 24, 432}, {32, 40, 448}, {48, 56, 464}, {312, 320, 480},                \
  {328, 336, 496}, {352, 360, 512}, {400, 408, 528}, {416, 424, 544}

#define FIELDS_8                                                               \
  .cpu_run_virtual_total = 72, .ac_exitcode = 4, .ac_flag = 8, .ac_comm = 80,  \
  .ac_uid = 120, .ac_pid = 128, .ac_ppid = 132, .ac_etime = 144,               \
  .ac_utime = 152, .ac_stime = 160, .ac_minflt = 168, .ac_majflt = 176,        \
  .read_char = 216, .write_char = 224, .read_bytes = 248, .write_bytes = 256,  \
  .nvcsw = 272, .nivcsw = 280, .hiwater_rss = 200
#define FIELDS_12                                                              \
  FIELDS_8, .ac_tgid = 368, .ac_tgetime = 376, .ac_exe_dev = 384,              \
  .ac_exe_inode = 392

static const struct layout layouts[] = {
    { 8, 328, {DELAYS_8}, FIELDS_8},
    { 9, 344, {DELAYS_9}, FIELDS_8},
    {10, 352, {DELAYS_9}, FIELDS_8}, /* ac_btime64 */
    {11, 368, {DELAYS_11}, FIELDS_8},
    {12, 400, {DELAYS_11}, FIELDS_12},
    {13, 416, {DELAYS_13}, FIELDS_12},
    {14, 432, {DELAYS_14}, FIELDS_12},
    /* After each total its maximum and minimum:
     *  16 cpu, 48 blkio, 80 swapin: count, total, max, min
     * 112 cpu_run_real_total  120 cpu_run_virtual_total
     * 128 ac_comm  160 ac_sched  168 ac_uid  172 ac_gid  176 ac_pid
     * 180 ac_ppid  184 ac_btime  192 ac_etime  200 ac_utime  208 ac_stime
     * 216 ac_minflt  224 ac_majflt  232 coremem  240 virtmem
     * 248 hiwater_rss  256 hiwater_vm  264 read_char  272 write_char
     * 280 read_syscalls  288 write_syscalls  296 read_bytes  304 write_bytes
     * 312 cancelled_write_bytes  320 nvcsw  328 nivcsw  336 ac_utimescaled
     * 344 ac_stimescaled  352 cpu_scaled_run_real_total
     * 360 freepages, 392 thrashing: count, total, max, min
     * 424 ac_btime64
     * 432 compact: count, total, max, min
     * 464 ac_tgid  472 ac_tgetime  480 ac_exe_dev  488 ac_exe_inode
     * 496 wpcopy, 528 irq: count, total, max, min */
    {15, 560,
     {{16, 24, 32}, {48, 56, 64}, {80, 88, 96}, {360, 368, 376},
      {392, 400, 408}, {432, 440, 448}, {496, 504, 512}, {528, 536, 544}},
     .cpu_run_virtual_total = 120, .ac_exitcode = 4, .ac_flag = 8,
     .ac_comm = 128, .ac_uid = 168, .ac_pid = 176, .ac_ppid = 180,
     .ac_etime = 192, .ac_utime = 200, .ac_stime = 208, .ac_minflt = 216,
     .ac_majflt = 224, .read_char = 264, .write_char = 272, .read_bytes = 296,
     .write_bytes = 304, .nvcsw = 320, .nivcsw = 328, .hiwater_rss = 248, .ac_tgid = 464,
     .ac_tgetime = 472, .ac_exe_dev = 480, .ac_exe_inode = 488},
    {16, 560, {DELAYS_16}, FIELDS_12}, /* maxima, minima: last */
    {17, 688, {DELAYS_16}, FIELDS_12}, /* times of the maxima */
    /* a hypothetical version with one more field */
    {18, 696, {DELAYS_16}, FIELDS_12},
};
/* clang-format on */

enum { PAYLOAD_SIZE = 1024 }; /* larger than any */

static inline const struct layout *layout_of(uint16_t version) {
  for (size_t i = 0; i < COUNT_OF(layouts); i++)
    if (layouts[i].version == version)
      return &layouts[i];
  fail_msg("no layout of version %d", version);
  return NULL;
}

/* A record with a different value in every field of the version. */
static inline struct record payload_record(uint16_t version, uint64_t seed) {
  const struct layout *layout = layout_of(version);
  uint64_t value = UINT64_C(0x0102030405060000) + (seed << 8);
  struct record record = {.version = version};

  record.cpu_ns = ++value;
  record.user_us = ++value;
  record.system_us = ++value;
  record.switches_voluntary = ++value;
  record.switches_involuntary = ++value;
  record.elapsed_us = ++value;
  record.faults_minor = ++value;
  record.faults_major = ++value;
  record.read_chars = ++value;
  record.write_chars = ++value;
  record.read_bytes = ++value;
  record.write_bytes = ++value;
  record.peak_rss_kib = ++value;
  for (size_t i = 0; i < DELAY_KINDS; i++) {
    if (layout->delays[i].count == 0)
      continue;
    record.waits[i] = ++value;
    record.delay_ns[i] = ++value;
    if (layout->delays[i].max != 0)
      record.delay_max_ns[i] = ++value;
  }
  if (layout->ac_tgid != 0) {
    record.process_elapsed_us = ++value;
    record.exe_dev = ++value;
    record.exe_inode = ++value;
    record.tgid = (uint32_t)++value;
  }
  record.exit_code = (uint32_t)++value;
  record.pid = (uint32_t)++value;
  record.ppid = (uint32_t)++value;
  record.uid = (uint32_t)++value;
  record.flags = (uint8_t)++value;
  snprintf(record.comm, sizeof(record.comm), "of 31 bytes, %018llx",
           (unsigned long long)++value);
  return record;
}

static inline void payload_put(unsigned char *payload, size_t offset,
                               uint64_t value) {
  memcpy(payload + offset, &value, sizeof(value));
}

static inline void payload_put_u32(unsigned char *payload, size_t offset,
                                   uint32_t value) {
  memcpy(payload + offset, &value, sizeof(value));
}

/* Writes a payload of PAYLOAD_SIZE bytes, of which a kernel would send the
 * first layout->size. Fields that are not in the record contain noise. */
static inline void payload_build(unsigned char *payload,
                                 const struct record *record) {
  const struct layout *layout = layout_of(record->version);

  for (size_t at = 0; at < PAYLOAD_SIZE; at += 8)
    payload_put(payload, at, UINT64_C(0xEEDDCCBBAA990000) + at);
  memcpy(payload, &record->version, sizeof(record->version));
  payload_put(payload, layout->cpu_run_virtual_total, record->cpu_ns);
  payload_put(payload, layout->ac_utime, record->user_us);
  payload_put(payload, layout->ac_stime, record->system_us);
  payload_put(payload, layout->nvcsw, record->switches_voluntary);
  payload_put(payload, layout->nivcsw, record->switches_involuntary);
  payload_put_u32(payload, layout->ac_exitcode, record->exit_code);
  payload[layout->ac_flag] = record->flags;
  memcpy(payload + layout->ac_comm, record->comm, sizeof(record->comm));
  payload_put_u32(payload, layout->ac_uid, record->uid);
  payload_put_u32(payload, layout->ac_pid, record->pid);
  payload_put_u32(payload, layout->ac_ppid, record->ppid);
  payload_put(payload, layout->ac_etime, record->elapsed_us);
  payload_put(payload, layout->ac_minflt, record->faults_minor);
  payload_put(payload, layout->ac_majflt, record->faults_major);
  payload_put(payload, layout->read_char, record->read_chars);
  payload_put(payload, layout->write_char, record->write_chars);
  payload_put(payload, layout->read_bytes, record->read_bytes);
  payload_put(payload, layout->write_bytes, record->write_bytes);
  payload_put(payload, layout->hiwater_rss, record->peak_rss_kib);
  if (layout->ac_tgid != 0) {
    payload_put_u32(payload, layout->ac_tgid, record->tgid);
    payload_put(payload, layout->ac_tgetime, record->process_elapsed_us);
    payload_put(payload, layout->ac_exe_dev, record->exe_dev);
    payload_put(payload, layout->ac_exe_inode, record->exe_inode);
  }
  for (size_t i = 0; i < DELAY_KINDS; i++) {
    if (layout->delays[i].count == 0)
      continue;
    payload_put(payload, layout->delays[i].count, record->waits[i]);
    payload_put(payload, layout->delays[i].total, record->delay_ns[i]);
    if (layout->delays[i].max != 0)
      payload_put(payload, layout->delays[i].max, record->delay_max_ns[i]);
  }
}

static inline void assert_record(const char *name, const struct record *actual,
                                 const struct record *expected) {
  assert_case_int(name, actual->version, expected->version);
  assert_case_int(name, actual->cpu_ns, expected->cpu_ns);
  assert_case_int(name, actual->user_us, expected->user_us);
  assert_case_int(name, actual->system_us, expected->system_us);
  assert_case_int(name, actual->switches_voluntary,
                  expected->switches_voluntary);
  assert_case_int(name, actual->switches_involuntary,
                  expected->switches_involuntary);
  assert_case_int(name, actual->exit_code, expected->exit_code);
  assert_case_int(name, actual->flags, expected->flags);
  assert_case_string(name, actual->comm, expected->comm);
  assert_case_int(name, actual->uid, expected->uid);
  assert_case_int(name, actual->pid, expected->pid);
  assert_case_int(name, actual->ppid, expected->ppid);
  assert_case_int(name, actual->elapsed_us, expected->elapsed_us);
  assert_case_int(name, actual->faults_minor, expected->faults_minor);
  assert_case_int(name, actual->faults_major, expected->faults_major);
  assert_case_int(name, actual->read_chars, expected->read_chars);
  assert_case_int(name, actual->write_chars, expected->write_chars);
  assert_case_int(name, actual->read_bytes, expected->read_bytes);
  assert_case_int(name, actual->write_bytes, expected->write_bytes);
  assert_case_int(name, actual->peak_rss_kib, expected->peak_rss_kib);
  assert_case_int(name, actual->tgid, expected->tgid);
  assert_case_int(name, actual->process_elapsed_us,
                  expected->process_elapsed_us);
  assert_case_int(name, actual->exe_dev, expected->exe_dev);
  assert_case_int(name, actual->exe_inode, expected->exe_inode);
  for (unsigned int i = 0; i < DELAY_KINDS; i++) {
    if (actual->waits[i] != expected->waits[i])
      fail_msg("%s: waits for %s are %#llx, not %#llx", name,
               delay_name((enum delay)i), (unsigned long long)actual->waits[i],
               (unsigned long long)expected->waits[i]);
    if (actual->delay_ns[i] != expected->delay_ns[i])
      fail_msg("%s: delay of %s is %#llx, not %#llx", name,
               delay_name((enum delay)i),
               (unsigned long long)actual->delay_ns[i],
               (unsigned long long)expected->delay_ns[i]);
    if (actual->delay_max_ns[i] != expected->delay_max_ns[i])
      fail_msg("%s: longest wait for %s is %#llx, not %#llx", name,
               delay_name((enum delay)i),
               (unsigned long long)actual->delay_max_ns[i],
               (unsigned long long)expected->delay_max_ns[i]);
  }
}

#endif
