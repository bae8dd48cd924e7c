/* SPDX-License-Identifier: MIT */
#include "kernel/oom_counts.h"

#include "kernel/arithmetic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Killed processes end within this time, unless they wait for a disk. */
#define RECENT_NS UINT64_C(10000000000)

enum { VMSTAT_SIZE = 16384 };

static int read_machine(const char *path, uint64_t *kills) {
  static const char key[] = "\noom_kill ";
  char text[VMSTAT_SIZE];
  size_t used = 0;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  ssize_t size;
  while ((size = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
    used += (size_t)size;
  close(fd);
  text[used] = '\0';
  const char *at = strstr(text, key);
  if (at == NULL)
    return -ENODATA;
  *kills = strtoull(at + strlen(key), NULL, 10);
  return 0;
}

int oom_counts_look(struct oom_counts *counts, uint64_t now_ns) {
  uint64_t kills;
  int status = read_machine(counts->vmstat, &kills);
  if (status != 0) {
    counts->has_machine = false;
    return status;
  }
  if (!counts->has_machine) {
    counts->before = kills;
  } else if (kills != counts->machine) {
    if (now_ns - counts->grown_ns > RECENT_NS)
      counts->before = counts->machine;
    counts->grown_ns = now_ns;
  }
  counts->has_machine = true;
  counts->machine = kills;
  return 0;
}

/* The recent number of kills on the machine. */
static uint64_t count_recent(const struct oom_counts *counts, uint64_t now_ns) {
  if (!counts->has_machine || now_ns - counts->grown_ns > RECENT_NS)
    return 0;
  return subtract(counts->machine, counts->before);
}

static uint64_t hash_path(const char *path) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
  for (; *path != '\0'; path++)
    hash = (hash ^ (unsigned char)*path) * UINT64_C(0x100000001b3);
  return hash | 1;
}

/* Returns the cgroup's entry, or the oldest one, cleared. */
static struct oom_counts_cgroup *find_cgroup(struct oom_counts *counts,
                                             const char *path) {
  uint64_t hash = hash_path(path);
  for (size_t i = 0; i < OOM_COUNTS_CGROUPS; i++)
    if (counts->known[i].hash == hash)
      return &counts->known[i];
  struct oom_counts_cgroup *known = &counts->known[counts->next];
  counts->next = (counts->next + 1) % OOM_COUNTS_CGROUPS;
  *known = (struct oom_counts_cgroup){0};
  return known;
}

bool oom_counts_take(struct oom_counts *counts, const char *path,
                     uint64_t now_ns) {
  uint64_t recent = count_recent(counts, now_ns), kills;
  if ((counts->has_machine && recent == 0) ||
      memory_cgroups_oom_kills(&counts->cgroups, path, &kills) != 0)
    return false;

  struct oom_counts_cgroup *known = find_cgroup(counts, path);
  if (now_ns - known->seen_ns > RECENT_NS)
    known->pending = 0;
  if (known->hash == 0)
    known->pending = min(kills, recent); /* the others happened earlier */
  else if (kills != known->kills)
    known->pending += kills > known->kills ? kills - known->kills : kills;
  if (known->hash == 0 || kills != known->kills)
    known->seen_ns = now_ns;
  known->hash = hash_path(path);
  known->kills = kills;
  if (known->pending == 0)
    return false;
  known->pending--;
  return true;
}
