/* SPDX-License-Identifier: MIT */
#include "kernel/record.h"

#include "fuzz/records.h"
#include "stats.h"

/*
 * The payload of a record, behind the version that it may leave out. The
 * plugin's decoder and the probe's share nothing: what one refuses the other
 * refuses for the same reason, and what they accept they read alike.
 */

static void check_agreement(const struct record *record,
                            const struct stats *stats) {
  const struct {
    uint64_t plugin;
    enum stats_field field;
  } pairs[] = {
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
  for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
    fuzz_check(pairs[i].plugin == stats->values[pairs[i].field]);
  fuzz_check(strcmp(record->comm, stats->comm) == 0);
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++) {
    struct stats_wait wait = stats_wait((enum stats_kind)kind);
    fuzz_check(record->waits[kind] == stats->values[wait.count]);
    fuzz_check(record->delay_ns[kind] == stats->values[wait.total]);
    if (record->pid != 0)
      fuzz_check(record->delay_max_ns[kind] == stats->values[wait.max]);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input input = {data, size};
  struct record record;
  struct stats stats;

  uint16_t unsaid = fuzz_take_u16(&input);
  void *payload = fuzz_copy(input.at, input.left);
  int status = record_decode(payload, input.left, unsaid, &record);
  fuzz_check(status == stats_decode(payload, input.left, STATS_THREAD_END,
                                    unsaid, &stats));
  if (status == 0) {
    records_check(&record);
    check_agreement(&record, &stats);
  }
  free(payload);
  return 0;
}
