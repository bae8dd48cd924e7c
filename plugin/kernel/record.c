/* SPDX-License-Identifier: MIT */
#include "kernel/record.h"

#include <errno.h>
#include <string.h>

enum {
  VERSION_MIN = 8,
  VERSION_TGID = 12, /* added ac_tgid … ac_exe_inode and AGROUP */
  /* Linux 6.14 only: a maximum and a minimum next to each delay's total. */
  VERSION_MAXIMA_INLINE = RECORD_VERSION_MAXIMA,
};

/* Offsets in every layout but version 15's. */
enum {
  OFFSET_VERSION = 0,
  OFFSET_AC_EXITCODE = 4,
  OFFSET_AC_FLAG = 8,
  OFFSET_CPU_RUN_VIRTUAL_TOTAL = 72,
  OFFSET_AC_COMM = 80,
  OFFSET_AC_UID = 120,
  OFFSET_AC_PID = 128,
  OFFSET_AC_PPID = 132,
  OFFSET_AC_ETIME = 144,
  OFFSET_AC_UTIME = 152,
  OFFSET_AC_STIME = 160,
  OFFSET_AC_MINFLT = 168,
  OFFSET_AC_MAJFLT = 176,
  OFFSET_HIWATER_RSS = 200, /* in KiB */
  OFFSET_READ_CHAR = 216,
  OFFSET_WRITE_CHAR = 224,
  OFFSET_READ_BYTES = 248,
  OFFSET_WRITE_BYTES = 256,
  OFFSET_NVCSW = 272,
  OFFSET_NIVCSW = 280,
  OFFSET_AC_TGID = 368,
  OFFSET_AC_TGETIME = 376,
  OFFSET_AC_EXE_DEV = 384,
  OFFSET_AC_EXE_INODE = 392,
  OFFSET_DELAY_MAX = 432, /* of each kind, followed by its minimum */
};

static const struct {
  const char *name;
  uint16_t since;
  uint16_t offset;
} delays[DELAY_KINDS] = {
#define X(kind, name, since, offset) [DELAY_##kind] = {name, since, offset},
    RECORD_DELAYS(X)
#undef X
};

/* The struct's size in each version; later ones are not shorter. */
static const uint16_t sizes[] = {
    [8] = 328,  [9] = 344,  [10] = 352, [11] = 368, [12] = 400,
    [13] = 416, [14] = 432, [15] = 560, [16] = 560, [17] = 688,
};

const char *delay_name(enum delay kind) { return delays[kind].name; }

uint32_t record_delays(uint16_t version) {
  uint32_t kinds = 0;
  for (unsigned int i = 0; i < DELAY_KINDS; i++)
    if (version >= delays[i].since)
      kinds |= UINT32_C(1) << i;
  return kinds;
}

bool record_is_blank(const struct record *record) {
  return record->waits[DELAY_CPU] == 0 && record->cpu_ns == 0;
}

static size_t size_of_version(uint16_t version) {
  size_t last = sizeof(sizes) / sizeof(sizes[0]) - 1;
  return sizes[version < last ? version : last];
}

/* In version 15, fields are shifted by the 16 bytes of each delay before them.
 */
static size_t offset_in(uint16_t version, size_t offset) {
  if (version != VERSION_MAXIMA_INLINE)
    return offset;

  size_t moved = offset;
  for (size_t i = 0; i < DELAY_KINDS; i++)
    if (delays[i].offset < offset)
      moved += 16;
  return moved;
}

/* A payload from which fields are copied. */
struct source {
  const unsigned char *bytes;
  uint16_t version;
};

/* The address of a field. The callers copy it with a constant size. */
static const unsigned char *at(const struct source *source, size_t offset) {
  return source->bytes + offset_in(source->version, offset);
}

static uint64_t get_u64(const struct source *source, size_t offset) {
  uint64_t value;
  memcpy(&value, at(source, offset), sizeof(value));
  return value;
}

static uint32_t get_u32(const struct source *source, size_t offset) {
  uint32_t value;
  memcpy(&value, at(source, offset), sizeof(value));
  return value;
}

/* In version 15 the maximum follows the count and the total. */
static uint64_t get_delay_max(const struct source *source, unsigned int kind) {
  if (source->version > VERSION_MAXIMA_INLINE)
    return get_u64(source, OFFSET_DELAY_MAX + 16 * kind);
  uint64_t fields[3];
  memcpy(fields, at(source, delays[kind].offset), sizeof(fields));
  return fields[2];
}

int record_decode(const void *payload, size_t size, uint16_t default_version,
                  struct record *record) {
  uint16_t version;

  if (size < OFFSET_VERSION + sizeof(version))
    return -EBADMSG;
  memcpy(&version, (const unsigned char *)payload + OFFSET_VERSION,
         sizeof(version));
  if (version == 0)
    version = default_version;
  if (version < VERSION_MIN)
    return -EPROTONOSUPPORT;
  if (size < size_of_version(version))
    return -EBADMSG;

  const struct source from = {payload, version};
  *record = (struct record){
      .version = version,
      .cpu_ns = get_u64(&from, OFFSET_CPU_RUN_VIRTUAL_TOTAL),
      .user_us = get_u64(&from, OFFSET_AC_UTIME),
      .system_us = get_u64(&from, OFFSET_AC_STIME),
      .switches_voluntary = get_u64(&from, OFFSET_NVCSW),
      .switches_involuntary = get_u64(&from, OFFSET_NIVCSW),
      .exit_code = get_u32(&from, OFFSET_AC_EXITCODE),
      .pid = get_u32(&from, OFFSET_AC_PID),
      .ppid = get_u32(&from, OFFSET_AC_PPID),
      .uid = get_u32(&from, OFFSET_AC_UID),
      .elapsed_us = get_u64(&from, OFFSET_AC_ETIME),
      .faults_minor = get_u64(&from, OFFSET_AC_MINFLT),
      .faults_major = get_u64(&from, OFFSET_AC_MAJFLT),
      .read_chars = get_u64(&from, OFFSET_READ_CHAR),
      .write_chars = get_u64(&from, OFFSET_WRITE_CHAR),
      .read_bytes = get_u64(&from, OFFSET_READ_BYTES),
      .write_bytes = get_u64(&from, OFFSET_WRITE_BYTES),
      .peak_rss_kib = get_u64(&from, OFFSET_HIWATER_RSS),
  };
  memcpy(&record->flags, at(&from, OFFSET_AC_FLAG), sizeof(record->flags));
  memcpy(record->comm, at(&from, OFFSET_AC_COMM), sizeof(record->comm));
  record->comm[sizeof(record->comm) - 1] = '\0';
  if (version >= VERSION_TGID) {
    record->tgid = get_u32(&from, OFFSET_AC_TGID);
    record->process_elapsed_us = get_u64(&from, OFFSET_AC_TGETIME);
    record->exe_dev = get_u64(&from, OFFSET_AC_EXE_DEV);
    record->exe_inode = get_u64(&from, OFFSET_AC_EXE_INODE);
  }
  for (unsigned int i = 0; i < DELAY_KINDS; i++) {
    if (version < delays[i].since)
      continue;
    /* The total follows its count in every layout. */
    uint64_t pair[2];
    memcpy(pair, at(&from, delays[i].offset), sizeof(pair));
    record->waits[i] = pair[0];
    record->delay_ns[i] = pair[1];
  }
  /* The record of a process has no pid, and the maxima of some thread. */
  if (version >= RECORD_VERSION_MAXIMA && record->pid != 0)
    for (unsigned int i = 0; i < DELAY_KINDS; i++)
      record->delay_max_ns[i] = get_delay_max(&from, i);
  return 0;
}
