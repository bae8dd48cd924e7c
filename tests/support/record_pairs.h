/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_TEST_RECORD_PAIRS_H
#define TASKSTATS_TEST_RECORD_PAIRS_H

#include "kernel/record.h"
#include "stats.h"

#include <string.h>

/* A value from the plugin's decoder, and the probe's field that must have the
 * same value. */
struct record_pair {
  uint64_t plugin;
  enum stats_field field;
};

enum { RECORD_PAIRS = 23 };

static inline void record_pairs(const struct record *record,
                                struct record_pair pairs[RECORD_PAIRS]) {
  const struct record_pair all[RECORD_PAIRS] = {
      {record->version, FIELD_version},
      {record->cpu_ns, FIELD_cpu_run_virtual_total},
      {record->user_us, FIELD_ac_utime},
      {record->system_us, FIELD_ac_stime},
      {record->switches_voluntary, FIELD_nvcsw},
      {record->switches_involuntary, FIELD_nivcsw},
      {record->flags, FIELD_ac_flag},
      {record->exit_code, FIELD_ac_exitcode},
      {record->pid, FIELD_ac_pid},
      {record->ppid, FIELD_ac_ppid},
      {record->uid, FIELD_ac_uid},
      {record->elapsed_us, FIELD_ac_etime},
      {record->faults_minor, FIELD_ac_minflt},
      {record->faults_major, FIELD_ac_majflt},
      {record->read_chars, FIELD_read_char},
      {record->write_chars, FIELD_write_char},
      {record->read_bytes, FIELD_read_bytes},
      {record->write_bytes, FIELD_write_bytes},
      {record->peak_rss_kib, FIELD_hiwater_rss},
      {record->tgid, FIELD_ac_tgid},
      {record->process_elapsed_us, FIELD_ac_tgetime},
      {record->exe_dev, FIELD_ac_exe_dev},
      {record->exe_inode, FIELD_ac_exe_inode},
  };
  memcpy(pairs, all, sizeof(all));
}

#endif
