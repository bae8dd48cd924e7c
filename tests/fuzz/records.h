/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_FUZZ_RECORDS_H
#define TASKSTATS_FUZZ_RECORDS_H

#include "fuzz/clean.h"
#include "fuzz/fuzz.h"
#include "kernel/message.h"
#include "select/text.h"

/*
 * Properties of every accepted record.
 */

static inline void records_check(const struct record *record) {
  fuzz_check(record->version >= 8);
  fuzz_check(memchr(record->comm, '\0', sizeof(record->comm)) != NULL);
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++)
    if ((record_delays(record->version) & 1U << kind) == 0)
      fuzz_check(record->waits[kind] == 0 && record->delay_ns[kind] == 0 &&
                 record->delay_max_ns[kind] == 0);
  if (record->version < RECORD_VERSION_LAST_THREAD)
    fuzz_check(record->tgid == 0 && record->process_elapsed_us == 0 &&
               record->exe_dev == 0 && record->exe_inode == 0);

  char name[RECORD_COMM_SIZE];
  text_clean(record->comm, name, sizeof(name));
  fuzz_check(clean_is_text(name));
}

/* Field by field, because padding is undefined. */
static inline bool records_equal(const struct record *a,
                                 const struct record *b) {
  return a->version == b->version &&
         memcmp(a->waits, b->waits, sizeof(a->waits)) == 0 &&
         memcmp(a->delay_ns, b->delay_ns, sizeof(a->delay_ns)) == 0 &&
         memcmp(a->delay_max_ns, b->delay_max_ns, sizeof(a->delay_max_ns)) ==
             0 &&
         a->peak_rss_kib == b->peak_rss_kib &&
         memcmp(a->comm, b->comm, sizeof(a->comm)) == 0 &&
         a->cpu_ns == b->cpu_ns && a->user_us == b->user_us &&
         a->system_us == b->system_us &&
         a->switches_voluntary == b->switches_voluntary &&
         a->switches_involuntary == b->switches_involuntary &&
         a->flags == b->flags && a->exit_code == b->exit_code &&
         a->pid == b->pid && a->ppid == b->ppid && a->uid == b->uid &&
         a->elapsed_us == b->elapsed_us && a->faults_minor == b->faults_minor &&
         a->faults_major == b->faults_major && a->read_chars == b->read_chars &&
         a->write_chars == b->write_chars && a->read_bytes == b->read_bytes &&
         a->write_bytes == b->write_bytes && a->tgid == b->tgid &&
         a->process_elapsed_us == b->process_elapsed_us &&
         a->exe_dev == b->exe_dev && a->exe_inode == b->exe_inode;
}

/* Checks the records in a message. */
static inline void messages_check(const struct message *message) {
  for (int target = 0; target < 2; target++)
    if (message->has[target])
      records_check(&message->record[target]);
}

static inline bool messages_equal(const struct message *a,
                                  const struct message *b) {
  bool equal = a->sequence == b->sequence && a->error == b->error;
  for (int target = 0; target < 2 && equal; target++)
    equal = a->has[target] == b->has[target] &&
            (!a->has[target] ||
             (a->id[target] == b->id[target] &&
              records_equal(&a->record[target], &b->record[target])));
  return equal;
}

#endif
