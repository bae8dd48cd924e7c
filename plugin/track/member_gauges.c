/* SPDX-License-Identifier: MIT */
#include "track/member_gauges.h"

#include <errno.h>
#include <stdlib.h>

/* The error of a value that was not read yet, since no group needed it. */
enum { UNREAD = -ENODATA };

/* A process that has ended has none, which is a known value. */
static int error_of(int status) {
  return procfs_is_vanished(status) ? 0 : status;
}

static void read_memory(struct member_gauges *gauges, struct procfs *proc,
                        pid_t pid) {
  struct procfs_memory memory = {0};
  int status = procfs_memory(proc, pid, &memory);
  gauges->memory = memory;
  gauges->memory_error = error_of(status);
}

static void read_files(struct member_gauges *gauges, struct procfs *proc,
                       pid_t pid) {
  uint32_t files = 0;
  int status = procfs_files(proc, pid, &files);
  gauges->files = files;
  gauges->files_error = error_of(status);
}

static struct member_gauges *make_gauges(void) {
  struct member_gauges *gauges = calloc(1, sizeof(*gauges));
  if (gauges != NULL)
    gauges->memory_error = gauges->files_error = UNREAD;
  return gauges;
}

void member_gauges_read(struct member_gauges **gauges, uint32_t collect,
                        struct procfs *proc, pid_t pid, bool has_run) {
  if (*gauges == NULL && (*gauges = make_gauges()) == NULL)
    return;
  if ((collect & COLLECT_MEMORY) != 0)
    read_memory(*gauges, proc, pid);
  if ((collect & COLLECT_FILES) != 0 &&
      (has_run || (*gauges)->files_error != 0))
    read_files(*gauges, proc, pid);
}

static void note_error(int error, int *noted) {
  if (error != 0 && error != UNREAD)
    *noted = error;
}

void member_gauges_note_errors(const struct member_gauges *gauges, int *memory,
                               int *files) {
  note_error(gauges->memory_error, memory);
  note_error(gauges->files_error, files);
}

void member_gauges_add(const struct member_gauges *gauges,
                       uint64_t sums[GAUGES]) {
  sums[GAUGE_RSS] += gauges->memory.rss_bytes;
  sums[GAUGE_VM] += gauges->memory.vm_bytes;
  sums[GAUGE_DATA] += gauges->memory.data_bytes;
  sums[GAUGE_CODE] += gauges->memory.code_bytes;
  sums[GAUGE_FILES] += gauges->files;
  sums[GAUGE_KNOWN_MEMORY] += gauges->memory_error == 0;
  sums[GAUGE_KNOWN_FILES] += gauges->files_error == 0;
}
