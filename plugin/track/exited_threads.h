/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_EXITED_THREADS_H
#define TASKSTATS_EXITED_THREADS_H

#include "kernel/message.h"
#include "track/account.h"

/* Threads that ended in a period: how long they lived in it, all together; and
 * their false waits for a disk: of those that began in it, and of the others,
 * from boot. */
struct exited_period {
  uint64_t lived_ns;
  uint64_t false_ns;
  struct disk_wait_from_boot from_boot;
};

/*
 * What the ended threads of one process have used, by their exit records. Only
 * these tell a process's I/O and page faults once it is gone: the record of the
 * process, all threads together, has neither.
 */
struct exited_threads {
  uint64_t cpu_ns;        /* estimated */
  uint64_t record_cpu_ns; /* as their records have it */
  uint64_t
      whole_cpu_ns; /* likewise, of the whole process, once it has exited */
  uint64_t user_us, system_us;
  uint64_t switches_voluntary, switches_involuntary;
  uint64_t faults_minor, faults_major;
  uint64_t read_chars, write_chars;
  uint64_t read_bytes, write_bytes;
  uint64_t disk_waits; /* their count */

  /* Of those but the main thread: how many they are, and their I/O. */
  uint32_t io_count;
  uint64_t io_read_chars, io_write_chars, io_read_bytes, io_write_bytes;

  uint64_t elapsed_us; /* how long the process lived, if its last one is here */

  uint64_t peak_rss_kib; /* 0: not known */

  struct exited_period recent; /* since the process was last sampled */

  /* The one that crashed says so, which need not be the last. */
  bool dumped_core;
  uint32_t exit_code;    /* of the last that did not end with 0 */
  uint64_t exit_code_us; /* when that was, since the process began */

  /* The main thread's record, if that has ended: it has the process's name. */
  bool has_main;
  char comm[RECORD_COMM_SIZE];

  /* The last thread's message while it waits for the main thread's, which it
   * has overtaken; owned, or NULL. */
  struct message *last;

  /* The longest wait of each kind, since version 15: only where ends are told.
   */
  bool has_longest;
  uint64_t longest_ns[];
};

/* What nothing has been added to. Returns NULL if memory is short. */
struct exited_threads *exited_threads_create(bool with_longest);

/* Takes NULL. */
void exited_threads_destroy(struct exited_threads *exited);

/* Whether the record of a thread is missing yet that ended before the last one
 * did.
 */
bool exited_threads_lack_one(const struct exited_threads *exited);

/* When a thread has ended, between two times of CLOCK_MONOTONIC. */
struct exited_threads_when {
  uint64_t earliest_ns, latest_ns;
};

/* Adds a thread's exit record. tick_ns is the length of the kernel's tick.
 * account is the process's, or NULL. */
void exited_threads_add(struct exited_threads *exited,
                        const struct record *thread, uint64_t tick_ns,
                        const struct account *account,
                        const struct exited_threads_when *when);

/* Notes that the process was sampled, when this was the recent period. What has
 * come since then is of the next one. */
void exited_threads_note_sample(struct exited_threads *exited,
                                const struct exited_period *sampled);

/*
 * The CPU time of an ended thread in ns. Its record lacks what came after the
 * last tick or switch. A thread that never slept has run whenever it did not
 * wait for a CPU. Of another one, the mean length of its bursts tells how much
 * is missing: measured against wait4, the sum over 300 processes is within 8, 2
 * and 1.2 % for 2, 5 and 10 bursts of 0.1 to 10 ms, and within 11, 3 and 1 %
 * beside busy loops. It is too high where the last burst is short (by 5 to 45 %
 * for a shell that waits for a command) and too low where it is the longest: no
 * field of a record tells one from the other.
 */
uint64_t exited_threads_cpu_ns(const struct record *thread, uint64_t tick_ns);

#endif
