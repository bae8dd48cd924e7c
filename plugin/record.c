/* SPDX-License-Identifier: MIT */
#include "record.h"

#include <errno.h>
#include <string.h>

enum {
  VERSION_MIN = 8,
  /* Linux 6.14 only: a maximum and a minimum beside each delay's total. */
  VERSION_MAXIMA_INLINE = 15,
};

/* Offsets in every layout but version 15's. */
enum {
  OFFSET_VERSION = 0,
  OFFSET_CPU_RUN_VIRTUAL_TOTAL = 72,
  OFFSET_AC_UTIME = 152,
  OFFSET_AC_STIME = 160,
  OFFSET_NVCSW = 272,
  OFFSET_NIVCSW = 280,
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

/* In version 15 a field has moved by the 16 bytes of each delay before it. */
static size_t offset_in(uint16_t version, size_t offset) {
  if (version != VERSION_MAXIMA_INLINE)
    return offset;

  size_t moved = offset;
  for (size_t i = 0; i < DELAY_KINDS; i++)
    if (delays[i].offset < offset)
      moved += 16;
  return moved;
}

static uint64_t get_u64(const unsigned char *payload, uint16_t version,
                        size_t offset) {
  uint64_t value;
  memcpy(&value, payload + offset_in(version, offset), sizeof(value));
  return value;
}

int record_decode(const void *payload, size_t size, struct record *record) {
  const unsigned char *p = payload;
  uint16_t version;

  if (size < OFFSET_VERSION + sizeof(version))
    return -EBADMSG;
  memcpy(&version, p + OFFSET_VERSION, sizeof(version));
  if (version < VERSION_MIN)
    return -EPROTONOSUPPORT;
  if (size < size_of_version(version))
    return -EBADMSG;

  *record = (struct record){
      .version = version,
      .cpu_ns = get_u64(p, version, OFFSET_CPU_RUN_VIRTUAL_TOTAL),
      .user_us = get_u64(p, version, OFFSET_AC_UTIME),
      .system_us = get_u64(p, version, OFFSET_AC_STIME),
      .switches_voluntary = get_u64(p, version, OFFSET_NVCSW),
      .switches_involuntary = get_u64(p, version, OFFSET_NIVCSW),
  };
  for (unsigned int i = 0; i < DELAY_KINDS; i++) {
    if (version < delays[i].since)
      continue;
    /* The total follows its count in every layout, so the offset of the count
     * is moved and not that of the total. */
    size_t at = offset_in(version, delays[i].offset);
    memcpy(&record->waits[i], p + at, sizeof(uint64_t));
    memcpy(&record->delay_ns[i], p + at + sizeof(uint64_t), sizeof(uint64_t));
  }
  return 0;
}
