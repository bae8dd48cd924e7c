/* SPDX-License-Identifier: MIT */
#include "kernel/oom_watch.h"

#include "kernel/arithmetic.h"
#include "kernel/clock.h"
#include "kernel/oom_counts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
  KILLS = 1024,       /* kills of processes whose exit was not seen yet */
  CGROUPS = 16,       /* remembered paths */
  RECORD_SIZE = 8192, /* the maximum in the log: CONSOLE_EXT_LOG_MAX */
  RECORDS_AT_ONCE = 4096,
  LATE_TRIES = 20, /* tries to read a late line */
  LATE_NS = 50000, /* time between two tries */
  /* The ends of that many processes show the difference of the log's clock to
   * within DOUBT_NS: one of them has ended that soon after its kill. */
  ENDS = 4,
  DOUBT_NS = 100000000,
  NO_CGROUP = -1,
};

struct kill {
  pid_t pid; /* 0: unused */
  enum oom_limit limit;
  int cgroup; /* an index, or NO_CGROUP */
  bool is_of_group;
  uint64_t time_ns; /* in the log's clock */
  uint64_t by_ns;   /* latest possible time, CLOCK_BOOTTIME */
};

struct oom_watch {
  int fd; /* descriptor of the log, or -1 */
  int log_error;
  bool is_fresh; /* the log and the counts were read completely */
  bool has_lost; /* lines were lost at the last look, perhaps kills */
  struct oom_log log;
  struct oom_counts counts;
  bool has_counts;
  uint64_t told;     /* kills in the log, */
  uint64_t untold;   /* and kills not in it, modulo 2^64 */
  uint64_t ahead_ns; /* upper bound of how far CLOCK_MONOTONIC is ahead of the
                        log's clock */
  uint64_t read_ns;  /* when that was determined */
  uint64_t end_ahead_ns; /* the same from the ends of processes: closer, but too
                            low if a kill was that of a later process */
  uint64_t ended_ns;     /* when that was determined */
  unsigned int ends;     /* from how many */

  struct kill kills[KILLS];
  size_t next;
  char cgroups[CGROUPS][OOM_LOG_PATH_SIZE];
  int next_cgroup;
  char limit[PATH_MAX]; /* of the last verdict */
};

static uint64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

static void open_log(struct oom_watch *watch, const char *path) {
  watch->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (watch->fd < 0) {
    watch->log_error = -errno;
    return;
  }
  lseek(watch->fd, 0, SEEK_END); /* skips earlier records */
}

int oom_watch_open(const struct oom_watch_paths *paths,
                   struct oom_watch **watch) {
  static const struct oom_watch_paths kernels = {"/dev/kmsg", "/proc/vmstat",
                                                 "/proc/self/mounts"};
  struct oom_watch *w = calloc(1, sizeof(*w));
  if (w == NULL)
    return -ENOMEM;
  if (paths == NULL)
    paths = &kernels;
  w->ahead_ns = UINT64_MAX;
  open_log(w, paths->log);
  w->counts.vmstat = paths->vmstat;
  memory_cgroups_open(paths->mounts, &w->counts.cgroups);
  w->has_counts = oom_counts_look(&w->counts, now_ns()) == 0;
  w->untold = w->counts.machine;
  *watch = w;
  return 0;
}

void oom_watch_close(struct oom_watch *watch) {
  if (watch == NULL)
    return;
  if (watch->fd >= 0)
    close(watch->fd);
  memory_cgroups_close(&watch->counts.cgroups);
  free(watch);
}

int oom_watch_log_error(const struct oom_watch *watch) {
  return watch->log_error;
}

bool oom_watch_can_tell(const struct oom_watch *watch) {
  return watch->fd >= 0 || (watch->has_counts && watch->counts.cgroups.fd >= 0);
}

void oom_watch_refresh(struct oom_watch *watch) { watch->is_fresh = false; }

/* Returns the index of a path, which is remembered from now on. */
static int keep_cgroup(struct oom_watch *watch, const char *path) {
  if (path[0] == '\0')
    return NO_CGROUP;
  for (int i = 0; i < CGROUPS; i++)
    if (strcmp(watch->cgroups[i], path) == 0)
      return i;
  int index = watch->next_cgroup;
  watch->next_cgroup = (index + 1) % CGROUPS;
  for (size_t i = 0; i < KILLS; i++)
    if (watch->kills[i].cgroup == index)
      watch->kills[i].cgroup = NO_CGROUP;
  snprintf(watch->cgroups[index], OOM_LOG_PATH_SIZE, "%s", path);
  return index;
}

/*
 * The latest time at which a line was written. The log's clock is not
 * CLOCK_MONOTONIC, which is slewed by at most 500 ppm; but a line was written
 * before it was read, and most lines are read at once.
 */
static uint64_t date_line(struct oom_watch *watch, uint64_t time_us) {
  uint64_t now = now_ns(), time_ns = time_us * 1000;
  uint64_t ahead_ns = now - time_ns;
  if (watch->ahead_ns == UINT64_MAX)
    watch->ahead_ns = ahead_ns;
  int64_t known_ns = (int64_t)(watch->ahead_ns + (now - watch->read_ns) / 2000);
  watch->ahead_ns =
      (int64_t)ahead_ns < known_ns ? ahead_ns : (uint64_t)known_ns;
  watch->read_ns = now;
  return time_ns + watch->ahead_ns + clock_suspended_ns();
}

static void note_kill(struct oom_watch *watch, const struct oom_kill *told) {
  watch->told++;
  watch->kills[watch->next] = (struct kill){
      .pid = told->pid,
      .limit = told->limit,
      .cgroup = keep_cgroup(watch, told->cgroup),
      .is_of_group = told->is_of_group,
      .time_ns = told->time_us * 1000,
      .by_ns = date_line(watch, told->time_us),
  };
  watch->next = (watch->next + 1) % KILLS;
}

/* Reads what was written since the last call, up to a limit: a process may
 * write faster than this reads. */
static void read_log(struct oom_watch *watch) {
  char record[RECORD_SIZE + 1];
  struct oom_kill told;
  for (int count = 0; count < RECORDS_AT_ONCE; count++) {
    ssize_t size = read(watch->fd, record, RECORD_SIZE);
    if (size < 0 && errno == EPIPE) { /* it was overwritten */
      watch->has_lost = true;
      continue;
    }
    if (size < 0 && errno == EINTR)
      continue;
    if (size <= 0)
      return;
    record[size] = '\0';
    if (oom_log_take(&watch->log, record, &told))
      note_kill(watch, &told);
  }
  watch->has_lost = true; /* for now */
}

/* Whether a kill may be that of a process, and not only that of a later one
 * with its pid. The clocks may have drifted in either direction since. */
static bool may_be_its(const struct oom_watch *watch, const struct kill *kill,
                       const struct oom_question *question) {
  if (!question->is_succeeded || question->end_ns == 0 || watch->ends < ENDS)
    return true;
  uint64_t since_ns = now_ns() - watch->ended_ns;
  uint64_t date_ns = kill->time_ns + watch->end_ahead_ns + since_ns / 2000;
  return (int64_t)(date_ns - question->end_ns) <=
         (int64_t)(DOUBT_NS + since_ns / 1000);
}

/* Compares the log's clock with the end of a process that was killed. */
static void note_end(struct oom_watch *watch, const struct kill *kill,
                     const struct oom_question *question) {
  if (question->is_succeeded || question->end_ns == 0)
    return;
  uint64_t now = now_ns(), ahead_ns = question->end_ns - kill->time_ns;
  uint64_t drift_ns = (now - watch->ended_ns) / 2000;
  if (drift_ns > DOUBT_NS / 2)
    watch->ends = 0; /* too long ago */
  uint64_t known_ns = watch->end_ahead_ns + drift_ns;
  if (watch->ends == 0 || (int64_t)(ahead_ns - known_ns) < 0) {
    watch->end_ahead_ns = ahead_ns;
    watch->ended_ns = now;
  }
  watch->ends += watch->ends < ENDS;
}

/* Finds the kill of a process, but not of one that had the same pid before: the
 * last one, or the first one if another process has had the pid since. */
static const struct kill *find_kill(const struct oom_watch *watch,
                                    const struct oom_question *question) {
  const struct kill *found = NULL;
  for (size_t i = 0; i < KILLS; i++) {
    const struct kill *kill = &watch->kills[i];
    if (kill->pid == question->pid && kill->by_ns >= question->begin_ns &&
        may_be_its(watch, kill, question) &&
        (found == NULL ||
         (kill->time_ns < found->time_ns) == question->is_succeeded))
      found = kill;
  }
  return found;
}

/* Takes the kill of a process, with all earlier ones of the pid, and those soon
 * after it: with memory.oom.group, the first victim has two lines. */
static bool take_kill(struct oom_watch *watch,
                      const struct oom_question *question, struct kill *taken) {
  const struct kill *found = find_kill(watch, question);
  *taken = found != NULL ? *found : (struct kill){0};
  for (size_t i = 0; i < KILLS; i++) {
    struct kill *kill = &watch->kills[i];
    if (kill->pid == question->pid &&
        (kill->by_ns < question->begin_ns ||
         (found != NULL && kill->time_ns <= taken->time_ns + DOUBT_NS)))
      kill->pid = 0;
  }
  if (found == NULL)
    return false;
  note_end(watch, taken, question);
  return true;
}

/* Whether the kernel has counted kills that are not in the log. */
static bool is_late(const struct oom_watch *watch) {
  return watch->has_counts &&
         (int64_t)(watch->counts.machine - watch->untold - watch->told) > 0;
}

/* Reads the log, and waits for kills that are counted already: the kernel
 * counts a kill, sends the signal, and then writes the line. */
static void catch_up(struct oom_watch *watch) {
  const struct timespec pause = {.tv_nsec = LATE_NS};
  watch->has_lost = false;
  read_log(watch);
  watch->has_counts = oom_counts_look(&watch->counts, now_ns()) == 0;
  for (int i = 0; i < LATE_TRIES && is_late(watch); i++) {
    nanosleep(&pause, NULL);
    read_log(watch);
  }
  if (watch->has_counts && !is_late(watch))
    watch->has_lost = false; /* the lost lines were others */
  watch->untold = watch->counts.machine - watch->told;
}

/* Sets the cgroup whose limit was reached, if the line names it or only one has
 * a limit. */
static void name_cgroup(struct oom_watch *watch, const struct kill *kill,
                        const struct oom_question *question,
                        struct oom_verdict *verdict) {
  if (kill->limit != OOM_LIMIT_CGROUP)
    return;
  const char *told =
      kill->cgroup != NO_CGROUP ? watch->cgroups[kill->cgroup] : NULL;
  /* It may be another victim, not of the group. */
  bool is_doubtful =
      kill->is_of_group && question->cgroup != NULL && told != NULL &&
      !memory_cgroup_is_within(question->cgroup, told, strlen(told));
  if (told != NULL && !is_doubtful)
    snprintf(watch->limit, sizeof(watch->limit), "%s", told);
  else if (question->cgroup == NULL ||
           snprintf(watch->limit, sizeof(watch->limit), "%s",
                    question->cgroup) >= (int)sizeof(watch->limit) ||
           !memory_cgroups_find_limit(&watch->counts.cgroups, watch->limit))
    return;
  verdict->cgroup = watch->limit;
}

static struct oom_verdict ask_counts(struct oom_watch *watch,
                                     const struct oom_question *question) {
  struct oom_verdict verdict = {0};
  verdict.is_killed =
      question->cgroup != NULL && watch->counts.cgroups.fd >= 0 &&
      oom_counts_take(&watch->counts, question->cgroup, now_ns());
  return verdict;
}

/* Brings the log and the counts up to date, once per refresh. */
static void look(struct oom_watch *watch) {
  if (watch->is_fresh)
    return;
  watch->is_fresh = true;
  if (watch->fd >= 0)
    catch_up(watch);
  else
    oom_counts_look(&watch->counts, now_ns());
}

struct oom_verdict oom_watch_ask(struct oom_watch *watch,
                                 const struct oom_question *question) {
  struct kill kill;
  look(watch);
  if (!take_kill(watch, question, &kill))
    return watch->fd < 0 || watch->has_lost ? ask_counts(watch, question)
                                            : (struct oom_verdict){0};
  struct oom_verdict verdict = {
      .is_killed = true, .is_sure = true, .limit = kill.limit};
  name_cgroup(watch, &kill, question, &verdict);
  return verdict;
}
