/* SPDX-License-Identifier: MIT */
#include "kernel/record.h"

#include "fuzz/records.h"
#include "stats.h"
#include "support/record_pairs.h"

/*
 * The default version, and the payload of a record. The plugin's decoder and
 * the probe's share no code: both reject the same payloads for the same reason,
 * and decode all others alike.
 */

static void check_agreement(const struct record *record,
                            const struct stats *stats) {
  struct record_pair pairs[RECORD_PAIRS];
  record_pairs(record, pairs);
  for (size_t i = 0; i < RECORD_PAIRS; i++)
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

  uint16_t default_version = fuzz_take_u16(&input);
  void *payload = fuzz_copy(input.at, input.left);
  int status = record_decode(payload, input.left, default_version, &record);
  fuzz_check(status == stats_decode(payload, input.left, STATS_THREAD_END,
                                    default_version, &stats));
  if (status == 0) {
    records_check(&record);
    check_agreement(&record, &stats);
  }
  free(payload);
  return 0;
}
