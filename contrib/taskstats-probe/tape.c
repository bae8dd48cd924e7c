/* SPDX-License-Identifier: MIT */
#include "tape.h"

#include <errno.h>
#include <string.h>

#define TAPE_MAGIC "TSPROBE1"
enum { MAGIC_SIZE = 8, ORDER = 0x01020304 };

static size_t padding(uint32_t size) { return (8 - size % 8) % 8; }

int tape_begin(FILE *file) {
  static const uint32_t rest[] = {ORDER, 0};
  return fwrite(TAPE_MAGIC, MAGIC_SIZE, 1, file) == 1 &&
                 fwrite(rest, sizeof(rest), 1, file) == 1
             ? 0
             : -errno;
}

int tape_put(FILE *file, const struct tape_record *record) {
  static const unsigned char zeros[8];
  const uint32_t head[] = {(uint32_t)record->origin, record->id,
                           record->message, record->size};
  size_t pad = padding(record->size);
  return fwrite(head, sizeof(head), 1, file) == 1 &&
                 fwrite(record->payload, 1, record->size, file) ==
                     record->size &&
                 fwrite(zeros, 1, pad, file) == pad
             ? 0
             : -errno;
}

int tape_open(FILE *file) {
  char magic[MAGIC_SIZE];
  uint32_t rest[2];
  return fread(magic, sizeof(magic), 1, file) == 1 &&
                 fread(rest, sizeof(rest), 1, file) == 1 &&
                 memcmp(magic, TAPE_MAGIC, MAGIC_SIZE) == 0 && rest[0] == ORDER
             ? 0
             : -EBADMSG;
}

int tape_get(FILE *file, struct tape_record *record) {
  uint32_t head[4];
  unsigned char pad[8];
  size_t got = fread(head, 1, sizeof(head), file);
  if (got == 0)
    return -ENODATA;
  if (got != sizeof(head) || head[0] > STATS_PROCESS_END ||
      head[3] > sizeof(record->payload))
    return -EBADMSG;
  record->origin = (enum stats_origin)head[0];
  record->id = head[1];
  record->message = head[2];
  record->size = head[3];
  return fread(record->payload, 1, record->size, file) == record->size &&
                 fread(pad, 1, padding(record->size), file) ==
                     padding(record->size)
             ? 0
             : -EBADMSG;
}
