/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_RECORD_H
#define TASKSTATS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A taskstats record: the kernel's struct taskstats, decoded.
 *
 * The layout follows the kernel that runs, as the record's version field tells
 * (include/uapi/linux/taskstats.h), not the headers of the build machine.
 */

/* The kinds of delay: NAME, name in metrics, version that brought it, offset of
 * its count in every layout but version 15's. A new kind is a new line. */
#define RECORD_DELAYS(X)                                                       \
  X(CPU, "cpu", 1, 16)                                                         \
  X(BLKIO, "blkio", 1, 32)                                                     \
  X(SWAPIN, "swapin", 1, 48)                                                   \
  X(FREEPAGES, "freepages", 7, 312)                                            \
  X(THRASHING, "thrashing", 9, 328)                                            \
  X(COMPACT, "compact", 11, 352)                                               \
  X(WPCOPY, "wpcopy", 13, 400)                                                 \
  X(IRQ, "irq", 14, 416)

enum delay {
#define X(kind, name, since, offset) DELAY_##kind,
  RECORD_DELAYS(X)
#undef X
      DELAY_KINDS
};

/* Since this version records tell whose thread has ended, and whether it was
 * the last one. */
enum { RECORD_VERSION_LAST_THREAD = 12 };

/* Since this version records have the longest wait of each kind. */
enum { RECORD_VERSION_MAXIMA = 15 };

enum { RECORD_COMM_SIZE = 32 };

/* Bits of a record's flags (include/uapi/linux/acct.h). */
enum {
  RECORD_FORKED = 0x01,      /* AFORK: never called exec */
  RECORD_LAST_THREAD = 0x20, /* AGROUP, since version 12: the process ends */
};

/* A record is that of a thread or that of a process, all threads together. */
struct record {
  uint16_t version;
  uint64_t waits[DELAY_KINDS];    /* how many waits have ended */
  uint64_t delay_ns[DELAY_KINDS]; /* how long they took in sum */
  uint64_t cpu_ns;                /* cpu_run_virtual_total: lags by a tick */
  uint64_t user_us, system_us;    /* sampled at ticks */
  uint64_t switches_voluntary, switches_involuntary;

  /* Of threads only; 0 in the record of a process. */
  char comm[RECORD_COMM_SIZE];
  uint8_t flags;
  uint32_t exit_code; /* a wait status */
  uint32_t pid, ppid, uid;
  uint64_t elapsed_us; /* since the thread began */
  uint64_t faults_minor, faults_major;
  uint64_t read_chars, write_chars; /* each rounded down to 1024 bytes */
  uint64_t read_bytes, write_bytes;

  /* The largest resident memory of the process by then; 0 if it has none any
   * more. */
  uint64_t peak_rss_kib;

  /* Of threads only, since version 15, else 0: the longest wait of each kind.
   * (In the record of a process it is that of any one thread.) */
  uint64_t delay_max_ns[DELAY_KINDS];

  /* Of threads only, since version 12; else 0. */
  uint32_t tgid;
  uint64_t process_elapsed_us; /* since the process began */
  uint64_t exe_dev, exe_inode; /* exe_dev in the kernel's encoding */
};

/* Decodes a TASKSTATS_TYPE_STATS payload, which need not be aligned. Kinds of
 * delay that the version lacks are 0. A payload that says version 0 has the
 * version unsaid.
 * Returns 0; -EPROTONOSUPPORT for a version before 8; -EBADMSG for a payload
 * shorter than its version's struct. Fields behind the known ones are ignored.
 */
int record_decode(const void *payload, size_t size, uint16_t unsaid,
                  struct record *record);

/* The kinds of delay that a version of the struct has, as bits 1 << kind. */
uint32_t record_delays(uint16_t version);

/* Whether nothing was ever counted. Every task that has run has been counted
 * once at least, so such a reply to a TGID query stands for a single-threaded
 * zombie: the kernel leaves dead leaders out (fill_stats_for_tgid). */
bool record_is_blank(const struct record *record);

/* The kind's name in metrics: "cpu" … "irq". */
const char *delay_name(enum delay kind);

#endif
