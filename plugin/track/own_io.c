/* SPDX-License-Identifier: MIT */
#include "track/own_io.h"

#include "kernel/arithmetic.h"

#include <errno.h>
#include <stdlib.h>

enum { VALUES = 6, OCTETS = 4, ROUNDING = 1024 };

struct own_io {
  uint64_t children[VALUES]; /* what <pid>/io has of children */
  uint64_t living[VALUES];   /* at the last sample */
  uint64_t children_faults;  /* before the last sample */
};

/* The octets first: no exit record has calls. */
static void unpack(const struct procfs_io *io, uint64_t values[VALUES]) {
  const uint64_t all[VALUES] = {io->read_chars, io->write_chars,
                                io->read_bytes, io->write_bytes,
                                io->read_calls, io->write_calls};
  for (size_t i = 0; i < VALUES; i++)
    values[i] = all[i];
}

static void pack(const uint64_t values[VALUES], struct procfs_io *io) {
  *io = (struct procfs_io){
      .read_chars = values[0],
      .write_chars = values[1],
      .read_bytes = values[2],
      .write_bytes = values[3],
      .read_calls = values[4],
      .write_calls = values[5],
  };
}

void own_io_destroy(struct own_io *own_io) { free(own_io); }

/* As long as no child had been waited for, what was not of the living threads
 * was of ended ones, at least as much as their records say. */
static struct own_io *create(const uint64_t last[VALUES]) {
  struct own_io *own_io = calloc(1, sizeof(*own_io));
  for (size_t i = 0; own_io != NULL && i < VALUES; i++)
    own_io->living[i] = last[i];
  return own_io;
}

/* Whether what was added by no living thread may be of ended ones alone. */
static bool may_be_of_ended(const uint64_t grown[VALUES],
                            const uint64_t known[VALUES], uint32_t ended) {
  for (size_t i = 0; i < OCTETS; i++)
    if (grown[i] > known[i] + (uint64_t)ROUNDING * ended)
      return false;
  return true;
}

int own_io_update(struct own_io **own_io, const struct own_io_sample *sample,
                  const struct procfs_io *last, struct procfs_io *io) {
  uint64_t now[VALUES], before[VALUES], living[VALUES], ended[VALUES];
  uint64_t grown[VALUES], known[VALUES];

  if (!sample->may_have_waited && *own_io == NULL)
    return 0;
  unpack(io, now);
  unpack(last, before);
  unpack(&sample->living, living);
  unpack(&sample->of_ended, ended);
  if (*own_io == NULL)
    *own_io = create(before);
  struct own_io *own = *own_io;
  if (own == NULL)
    return -ENOMEM;

  for (size_t i = 0; i < VALUES; i++) {
    grown[i] = subtract(now[i], before[i] + own->children[i]);
    known[i] = min(subtract(living[i] + ended[i], own->living[i]), grown[i]);
  }
  if (sample->children_faults != own->children_faults &&
      (sample->has_io_of_children ||
       !may_be_of_ended(grown, known, sample->ended)))
    for (size_t i = 0; i < VALUES; i++)
      own->children[i] += grown[i] - known[i];
  for (size_t i = 0; i < VALUES; i++) {
    own->living[i] = living[i];
    now[i] = subtract(now[i], own->children[i]);
  }
  own->children_faults = sample->children_faults_before;
  pack(now, io);
  return 0;
}
