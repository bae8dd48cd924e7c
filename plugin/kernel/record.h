/* SPDX-License-Identifier: MIT */
#ifndef TASKSTATS_RECORD_H
#define TASKSTATS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A taskstats record: the kernel's struct taskstats, decoded.
 *
 * The layout is that of the running kernel, identified by the record's version
 * field (include/uapi/linux/taskstats.h), not that of the build machine's
 * headers.
 */

/* The kinds of delay: NAME, name in metrics, the version that added it, the
 * offset of its count in every layout but version 15's. A new kind is a new
 * line. */
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

/* Since this version, records identify the process of a thread, and whether the
 * thread was its last one. */
enum { RECORD_VERSION_LAST_THREAD = 12 };

/* Since this version, records have the longest wait of each kind. */
enum { RECORD_VERSION_MAXIMA = 15 };

enum { RECORD_COMM_SIZE = 32 };

/* Bits of a record's flags (include/uapi/linux/acct.h). */
enum {
  RECORD_FORKED = 0x01,      /* AFORK: never called exec */
  RECORD_LAST_THREAD = 0x20, /* AGROUP, since version 12: the process ends */
};

/* The record of a thread, or of a process, the sum over all threads. */
struct record {
  uint16_t version;
  uint64_t waits[DELAY_KINDS];    /* number of waits that have ended */
  uint64_t delay_ns[DELAY_KINDS]; /* their total duration */
  uint64_t cpu_ns;                /* cpu_run_virtual_total: lags by a tick */
  uint64_t user_us, system_us;    /* sampled at ticks */
  uint64_t switches_voluntary, switches_involuntary;

  /* For threads only; 0 in the record of a process. */
  char comm[RECORD_COMM_SIZE];
  uint8_t flags;
  uint32_t exit_code; /* a wait status */
  uint32_t pid, ppid, uid;
  uint64_t elapsed_us; /* since the thread started */
  uint64_t faults_minor, faults_major;
  /* rounded down to a multiple of 1024 bytes */
  uint64_t read_chars, write_chars;
  uint64_t read_bytes, write_bytes;

  /* The peak resident memory of the process so far; 0 if it has released its
   * memory. */
  uint64_t peak_rss_kib;

  /* For threads only, since version 15, else 0: the longest wait of each kind.
   * (The record of a process has those of some thread.) */
  uint64_t delay_max_ns[DELAY_KINDS];

  /* For threads only, since version 12; else 0. */
  uint32_t tgid;
  uint64_t process_elapsed_us; /* since the process started */
  bool is_age_least; /* process_elapsed_us is a lower bound (old_record.h) */
  uint64_t exe_dev, exe_inode; /* exe_dev in the kernel's encoding */
};

/* Decodes a TASKSTATS_TYPE_STATS payload, which need not be aligned. Kinds of
 * delay that the version lacks are 0. A payload with version 0 is decoded as
 * version default_version. Returns 0; -EPROTONOSUPPORT for a version before 8;
 * -EBADMSG for a payload shorter than its version's struct. Fields after the
 * known ones are ignored. */
int record_decode(const void *payload, size_t size, uint16_t default_version,
                  struct record *record);

/* The kinds of delay in a version of the struct, as bits 1 << kind. */
uint32_t record_delays(uint16_t version);

/* Whether all counters are 0. Every task that has run has counted something, so
 * such a reply to a TGID query means a single-threaded zombie: the kernel
 * leaves out dead leaders (fill_stats_for_tgid). */
bool record_is_blank(const struct record *record);

/* The kind's name in metrics: "cpu" … "irq". */
const char *delay_name(enum delay kind);

#endif
