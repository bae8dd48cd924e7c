/* SPDX-License-Identifier: MIT */
#ifndef PROBE_STATS_H
#define PROBE_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The kernel's struct taskstats, field by field in its order
 * (include/uapi/linux/taskstats.h). The offset of a field in a version is
 * calculated by walking this table, as a compiler would, not from known
 * offsets.
 */

/* The kinds of delay, in the order of the extremes at the struct's end. */
#define STATS_KINDS(X)                                                         \
  X(CPU, cpu)                                                                  \
  X(BLKIO, blkio)                                                              \
  X(SWAPIN, swapin)                                                            \
  X(FREEPAGES, freepages)                                                      \
  X(THRASHING, thrashing)                                                      \
  X(COMPACT, compact)                                                          \
  X(WPCOPY, wpcopy)                                                            \
  X(IRQ, irq)

enum stats_kind {
#define X(KIND, name) STATS_##KIND,
  STATS_KINDS(X)
#undef X
      STATS_KIND_COUNT
};

/* clang-format off */
/* FIELD, size in bytes, alignment, the version that added it, whether a
 * process's record has it, too, unit, whether it only grows, group. */
#define STATS_PAIR(X, name, since)                                             \
  X(name##_count, 8, 8, since, true, COUNT, true, DELAYS)                      \
  X(name##_delay_total, 8, 8, since, true, NS, true, DELAYS)
#define STATS_EXTREMES(X, name)                                                \
  X(name##_delay_max, 8, 8, 15, false, NS, false, DELAYS)                      \
  X(name##_delay_min, 8, 8, 15, false, NS, false, DELAYS)
#define STATS_MOMENT(X, name)                                                  \
  X(name##_delay_max_ts, 16, 8, 17, false, MOMENT, false, DELAYS)

#define STATS_FIELDS(X)                                                        \
  X(version, 2, 2, 1, true, NONE, false, ABOUT)                                \
  X(ac_exitcode, 4, 4, 1, false, STATUS, false, ABOUT)                         \
  X(ac_flag, 1, 1, 1, false, FLAGS, false, ABOUT)                              \
  X(ac_nice, 1, 1, 1, false, NICE, false, ABOUT)                               \
  STATS_PAIR(X, cpu, 1)                                                        \
  STATS_PAIR(X, blkio, 1)                                                      \
  STATS_PAIR(X, swapin, 1)                                                     \
  X(cpu_run_real_total, 8, 8, 1, true, NS, true, CPU)                          \
  X(cpu_run_virtual_total, 8, 8, 1, true, NS, true, CPU)                       \
  X(ac_comm, 32, 1, 1, false, TEXT, false, ABOUT)                              \
  X(ac_sched, 1, 8, 1, false, NONE, false, ABOUT)                              \
  X(ac_uid, 4, 8, 1, false, NONE, false, ABOUT)                                \
  X(ac_gid, 4, 4, 1, false, NONE, false, ABOUT)                                \
  X(ac_pid, 4, 4, 1, false, NONE, false, ABOUT)                                \
  X(ac_ppid, 4, 4, 1, false, NONE, false, ABOUT)                               \
  X(ac_btime, 4, 4, 1, false, EPOCH, false, ABOUT)                             \
  X(ac_etime, 8, 8, 1, false, US, false, ABOUT)                                \
  X(ac_utime, 8, 8, 1, true, US, true, CPU)                                    \
  X(ac_stime, 8, 8, 1, true, US, true, CPU)                                    \
  X(ac_minflt, 8, 8, 1, false, COUNT, true, MEMORY)                            \
  X(ac_majflt, 8, 8, 1, false, COUNT, true, MEMORY)                            \
  X(coremem, 8, 8, 1, false, MBUS, true, MEMORY)                               \
  X(virtmem, 8, 8, 1, false, MBUS, true, MEMORY)                               \
  X(hiwater_rss, 8, 8, 1, false, KIB, false, MEMORY)                           \
  X(hiwater_vm, 8, 8, 1, false, KIB, false, MEMORY)                            \
  X(read_char, 8, 8, 1, false, BYTES, true, IO)                                \
  X(write_char, 8, 8, 1, false, BYTES, true, IO)                               \
  X(read_syscalls, 8, 8, 1, false, COUNT, true, IO)                            \
  X(write_syscalls, 8, 8, 1, false, COUNT, true, IO)                           \
  X(read_bytes, 8, 8, 1, false, BYTES, true, IO)                               \
  X(write_bytes, 8, 8, 1, false, BYTES, true, IO)                              \
  X(cancelled_write_bytes, 8, 8, 1, false, BYTES, true, IO)                    \
  X(nvcsw, 8, 8, 1, true, COUNT, true, CPU)                                    \
  X(nivcsw, 8, 8, 1, true, COUNT, true, CPU)                                   \
  X(ac_utimescaled, 8, 8, 1, false, US, true, CPU)                             \
  X(ac_stimescaled, 8, 8, 1, false, US, true, CPU)                             \
  X(cpu_scaled_run_real_total, 8, 8, 1, true, NS, true, CPU)                   \
  STATS_PAIR(X, freepages, 7)                                                  \
  STATS_PAIR(X, thrashing, 9)                                                  \
  X(ac_btime64, 8, 8, 10, false, EPOCH, false, ABOUT)                          \
  STATS_PAIR(X, compact, 11)                                                   \
  X(ac_tgid, 4, 4, 12, false, NONE, false, ABOUT)                              \
  X(ac_tgetime, 8, 8, 12, false, US, false, ABOUT)                             \
  X(ac_exe_dev, 8, 8, 12, false, DEVICE, false, ABOUT)                         \
  X(ac_exe_inode, 8, 8, 12, false, NONE, false, ABOUT)                         \
  STATS_PAIR(X, wpcopy, 13)                                                    \
  STATS_PAIR(X, irq, 14)                                                       \
  STATS_EXTREMES(X, cpu)                                                       \
  STATS_EXTREMES(X, blkio)                                                     \
  STATS_EXTREMES(X, swapin)                                                    \
  STATS_EXTREMES(X, freepages)                                                 \
  STATS_EXTREMES(X, thrashing)                                                 \
  STATS_EXTREMES(X, compact)                                                   \
  STATS_EXTREMES(X, wpcopy)                                                    \
  STATS_EXTREMES(X, irq)                                                       \
  STATS_MOMENT(X, cpu)                                                         \
  STATS_MOMENT(X, blkio)                                                       \
  STATS_MOMENT(X, swapin)                                                      \
  STATS_MOMENT(X, freepages)                                                   \
  STATS_MOMENT(X, thrashing)                                                   \
  STATS_MOMENT(X, compact)                                                     \
  STATS_MOMENT(X, wpcopy)                                                      \
  STATS_MOMENT(X, irq)
/* clang-format on */

enum stats_field {
#define X(name, ...) FIELD_##name,
  STATS_FIELDS(X)
#undef X
      STATS_FIELD_COUNT
};

enum stats_unit {
  UNIT_NONE, /* a number that is not a count */
  UNIT_COUNT,
  UNIT_NS,
  UNIT_US,
  UNIT_BYTES,
  UNIT_KIB,
  UNIT_MBUS,   /* MB times µs */
  UNIT_EPOCH,  /* seconds since 1970 */
  UNIT_MOMENT, /* nanoseconds since 1970; in the struct seconds and nanoseconds
                */
  UNIT_TEXT,
  UNIT_STATUS, /* wait status */
  UNIT_FLAGS,
  UNIT_NICE, /* signed */
  UNIT_DEVICE,
};

enum stats_group {
  GROUP_ABOUT,
  GROUP_CPU,
  GROUP_DELAYS,
  GROUP_IO,
  GROUP_MEMORY
};

/* The origin of a record. */
enum stats_origin {
  STATS_THREAD,      /* a PID query */
  STATS_PROCESS,     /* a TGID query */
  STATS_THREAD_END,  /* the thread's part of an exit record */
  STATS_PROCESS_END, /* the process's part of it */
};

/* Bits of ac_flag (include/uapi/linux/acct.h). */
enum {
  STATS_FORKED = 0x01,
  STATS_SUPERUSER = 0x02,
  STATS_CORE = 0x08,
  STATS_SIGNALED = 0x10,
  STATS_LAST_THREAD = 0x20,
};

enum {
  STATS_COMM_SIZE = 32,
  STATS_VERSION_OLDEST = 8,
  STATS_VERSION_LAST_THREAD = 12, /* added STATS_LAST_THREAD */
  /* of later versions, only the known fields are read */
  STATS_VERSION_NEWEST = 17,
};

struct stats {
  enum stats_origin origin;
  uint64_t values[STATS_FIELD_COUNT]; /* as in the payload, else 0 */
  bool known[STATS_FIELD_COUNT];      /* whether the value is meaningful */
  char comm[STATS_COMM_SIZE];
};

/* Decodes the payload of a TASKSTATS_TYPE_STATS attribute, aligned or not. A
 * payload with version 0 is decoded as version default_version. Returns 0;
 * -EPROTONOSUPPORT for a version that is too old; -EBADMSG for a payload
 * shorter than its version's struct. */
int stats_decode(const void *payload, size_t size, enum stats_origin origin,
                 uint16_t default_version, struct stats *stats);

/* The size of a version's struct. */
size_t stats_size(uint16_t version);

bool stats_is_process(const struct stats *stats);

/* Whether a process's record is that of a zombie with one thread, for which the
 * kernel sends zeros: every task that has run has counted something. */
bool stats_is_blank(const struct stats *stats);

/* Marks everything but the version as unknown. */
void stats_forget(struct stats *stats);

/* Marks all waits but those for a CPU as unknown, for when delay accounting is
 * off. */
void stats_forget_delays(struct stats *stats);

const char *stats_kind_name(enum stats_kind kind);

/* The fields of one kind of delay. */
struct stats_wait {
  enum stats_field count, total, max, min;
};
struct stats_wait stats_wait(enum stats_kind kind);

struct stats_about {
  const char *name; /* the kernel's name */
  uint8_t size, alignment;
  uint16_t since;
  bool of_process;
  enum stats_unit unit;
  bool grows;
  enum stats_group group;
};
const struct stats_about *stats_about(enum stats_field field);

/* The field with that name, or -1. */
int stats_find(const char *name);

#endif
