/* SPDX-License-Identifier: MIT */
#include "track/own_io.h"

#include "kernel/arithmetic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES = 6, OCTETS = 4, ROUNDING = 1024 };

struct own_io {
  bool is_split;             /* it may have waited for children */
  uint64_t children[VALUES]; /* the part of <pid>/io that is the children's */
  /* Of the living threads, at the time up to which the process's own I/O is
   * counted. */
  uint64_t living[VALUES];
  uint64_t ended[VALUES]; /* of threads that ended before the split */
  /* How far that time may be ahead of the last reading of <pid>/io. */
  uint64_t ahead[VALUES];
  uint64_t children_faults; /* before the last sample */
  /* Threads that had ended by then, and their I/O. */
  uint32_t former_count;
  struct procfs_io of_former;
};

/* The bytes first: exit records have no calls. */
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

static struct own_io *get(struct own_io **own_io) {
  if (*own_io == NULL)
    *own_io = calloc(1, sizeof(**own_io));
  return *own_io;
}

/* Removes from a sample the threads that had ended by the last one. */
static void leave_out_former(const struct own_io *own,
                             struct own_io_sample *sample) {
  struct procfs_io *io = &sample->of_ended;
  const struct procfs_io *former = &own->of_former;
  sample->ended = (uint32_t)subtract(sample->ended, own->former_count);
  io->read_chars = subtract(io->read_chars, former->read_chars);
  io->write_chars = subtract(io->write_chars, former->write_chars);
  io->read_bytes = subtract(io->read_bytes, former->read_bytes);
  io->write_bytes = subtract(io->write_bytes, former->write_bytes);
}

/* As long as no child was waited for, what the living threads have not done was
 * done by ended ones. Their files are read at the first look; later, their exit
 * records are used. */
static int note_ended(struct own_io **own_io,
                      const struct own_io_sample *sample,
                      const struct procfs_io *io) {
  uint64_t now[VALUES], living[VALUES], of_ended[VALUES];
  bool is_first = *own_io == NULL && sample->has_living;

  if (sample->ended == 0 &&
      !(is_first && memcmp(io, &sample->living, sizeof(*io)) != 0))
    return 0;
  struct own_io *own = get(own_io);
  if (own == NULL)
    return -ENOMEM;
  unpack(io, now);
  unpack(&sample->living, living);
  unpack(&sample->of_ended, of_ended);
  for (size_t i = 0; i < VALUES; i++)
    own->ended[i] += is_first ? subtract(now[i], living[i]) : of_ended[i];
  return 0;
}

/* Starts to separate the process's own I/O from that of children. */
static void split(struct own_io *own, const uint64_t last[VALUES]) {
  own->is_split = true;
  for (size_t i = 0; i < VALUES; i++)
    own->living[i] = subtract(last[i], own->ended[i]);
}

/* The increase of one value since the last sample. */
struct growth {
  uint64_t all; /* of <pid>/io, including children's I/O */
  /* The part of it in the threads' own files and exit records, which are read
   * later. */
  uint64_t least, most;
};

static struct growth measure(const struct own_io *own, size_t value,
                             uint64_t all, const struct own_io_sample *sample) {
  uint64_t living[VALUES], of_ended[VALUES];
  unpack(&sample->living, living);
  unpack(&sample->of_ended, of_ended);
  uint64_t least =
      subtract(living[value] + of_ended[value], own->living[value]);
  uint64_t rounding = (uint64_t)ROUNDING * sample->ended;
  if (value >= OCTETS && sample->ended > 0)
    rounding = UINT64_MAX - least; /* exit records have no calls */
  return (struct growth){all, least, least + rounding};
}

/* Whether the increase that is not the living threads' may be that of ended
 * ones only. */
static bool may_be_of_ended(const struct growth growth[VALUES]) {
  for (size_t i = 0; i < OCTETS; i++)
    if (growth[i].all > growth[i].most)
      return false;
  return true;
}

/* Determines the children's part of the increase of one value. Returns the
 * process's own part. */
static uint64_t take_children(struct own_io *own, size_t value,
                              const struct growth *growth, bool has_waited,
                              bool knows_ended) {
  uint64_t of_children = subtract(growth->all, growth->least);
  if (has_waited) {
    own->ahead[value] = knows_ended ? growth->all - of_children : 0;
  } else {
    /* What was counted ahead is not counted again. */
    of_children = min(own->ahead[value], subtract(growth->all, growth->most));
    own->ahead[value] -= of_children;
  }
  own->children[value] += of_children;
  return growth->all - of_children;
}

/* Sets io to the process's own I/O. */
static void leave_out_children(struct own_io *own,
                               const struct own_io_sample *sample,
                               const struct procfs_io *last,
                               struct procfs_io *io) {
  uint64_t now[VALUES], before[VALUES], living[VALUES];
  struct growth growth[VALUES];

  unpack(io, now);
  unpack(last, before);
  unpack(&sample->living, living);
  if (!own->is_split)
    split(own, before);

  for (size_t i = 0; i < VALUES; i++)
    growth[i] =
        measure(own, i, subtract(now[i], before[i] + own->children[i]), sample);
  bool has_waited = sample->children_faults != own->children_faults &&
                    (sample->has_io_of_children || !may_be_of_ended(growth));
  for (size_t i = 0; i < VALUES; i++) {
    uint64_t grown =
        take_children(own, i, &growth[i], has_waited, sample->knows_ended);
    own->living[i] =
        living[i] - min(living[i], subtract(growth[i].least, grown));
    /* Of ended threads whose records have not been taken yet. */
    if (!has_waited)
      own->living[i] += subtract(grown, growth[i].most);
    now[i] = subtract(now[i], own->children[i]);
  }
  own->children_faults = sample->children_faults_before;
  pack(now, io);
}

int own_io_update(struct own_io **own_io, const struct own_io_sample *sample,
                  const struct procfs_io *last, struct procfs_io *io) {
  struct own_io_sample recent = *sample;

  if (*own_io != NULL)
    leave_out_former(*own_io, &recent);
  if (!sample->may_have_waited) {
    if (note_ended(own_io, &recent, io) != 0)
      return -ENOMEM;
  } else if (get(own_io) == NULL) {
    return -ENOMEM;
  } else {
    leave_out_children(*own_io, &recent, last, io);
  }
  if (*own_io != NULL) {
    (*own_io)->former_count = sample->ended;
    (*own_io)->of_former = sample->of_ended;
  }
  return 0;
}

bool own_io_may_have_waited(const struct own_io *own_io,
                            const struct own_io_sample *sample) {
  uint64_t before = own_io != NULL ? own_io->children_faults : 0;
  return sample->may_have_waited && sample->children_faults != before;
}
