/* SPDX-License-Identifier: MIT */
#include "track/disk_wait.h"

#include "kernel/arithmetic.h"

#define MS_NS UINT64_C(1000000)

/* Ages are in microseconds. */
#define AGE_SLACK_NS UINT64_C(1000)

/* The maximum difference between the kernel's clock and CLOCK_MONOTONIC, which
 * NTP adjusts. */
static uint64_t drift_ns(uint64_t time_ns) {
  return 1000 * MS_NS + time_ns / 10000;
}

/* The number of a thread's waits from boot other than the longest: the others
 * are shorter by at most its age, and the sum of its true waits is at most its
 * age. */
static uint64_t count_more(const struct record *thread) {
  uint64_t longest_ns = thread->delay_max_ns[DELAY_BLKIO];
  uint64_t age_ns = thread->elapsed_us * 1000 + DISK_WAIT_SLACK_NS;
  if (longest_ns <= 2 * age_ns)
    return 0;
  return subtract(thread->delay_ns[DELAY_BLKIO], longest_ns) /
         (longest_ns - age_ns);
}

void disk_wait_note(struct disk_wait_from_boot *from_boot,
                    const struct record *thread, uint64_t since_ns,
                    uint64_t known_longest_ns) {
  uint64_t longest_ns = thread->delay_max_ns[DELAY_BLKIO];
  if (longest_ns <= thread->elapsed_us * 1000 + DISK_WAIT_SLACK_NS ||
      longest_ns + drift_ns(longest_ns) < since_ns ||
      longest_ns <= known_longest_ns)
    return;
  disk_wait_add(from_boot, &(struct disk_wait_from_boot){
                               .count = 1,
                               .sum_ns = longest_ns,
                               .longest_ns = longest_ns,
                               .more = count_more(thread),
                           });
}

void disk_wait_add(struct disk_wait_from_boot *from_boot,
                   const struct disk_wait_from_boot *more) {
  from_boot->count += more->count;
  from_boot->sum_ns += more->sum_ns;
  from_boot->more += more->more;
  if (more->longest_ns > from_boot->longest_ns)
    from_boot->longest_ns = more->longest_ns;
}

void disk_wait_subtract(struct disk_wait_from_boot *from_boot,
                        const struct disk_wait_from_boot *less) {
  from_boot->count = subtract(from_boot->count, less->count);
  from_boot->sum_ns = subtract(from_boot->sum_ns, less->sum_ns);
  from_boot->more = subtract(from_boot->more, less->more);
  if (from_boot->count == 0)
    *from_boot = (struct disk_wait_from_boot){0};
}

uint64_t disk_wait_life(const struct record *thread, uint64_t age_ns) {
  uint64_t busy_ns = thread->cpu_ns + thread->delay_ns[DELAY_CPU];
  return thread->waits[DELAY_BLKIO] > 0 ? age_ns : min(age_ns, busy_ns);
}

static uint64_t idle_ns(const struct disk_wait_period *period) {
  return subtract(period->thread_ns, period->busy_ns);
}

/* As many threads wait when a period begins as in the period. */
static uint64_t room_ns(const struct disk_wait_period *period) {
  return idle_ns(period) + min(period->spare_ns, period->thread_ns);
}

uint64_t disk_wait_spare(const struct disk_wait_period *period,
                         uint64_t bound_ns) {
  return subtract(idle_ns(period), bound_ns);
}

/* Whether the threads can have waited this long. */
static bool is_possible(const struct disk_wait_period *period,
                        uint64_t waited_ns) {
  return subtract(waited_ns, period->slack_ns) <= room_ns(period);
}

/* The minimum length of a wait from boot that ended in the period. */
static uint64_t least_from_boot_ns(const struct disk_wait_period *period) {
  if (period->from_boot.count > 0)
    return subtract(period->from_boot.longest_ns,
                    period->until_ns - period->since_ns);
  return subtract(period->since_ns, drift_ns(period->since_ns));
}

bool disk_wait_is_doubtful(const struct disk_wait_period *period,
                           uint64_t waited_ns) {
  uint64_t rest_ns = subtract(waited_ns, period->false_ns);
  uint64_t few = period->is_steady ? 2 : 1;
  return rest_ns > 0 && (!is_possible(period, few * rest_ns) ||
                         rest_ns >= least_from_boot_ns(period));
}

/* The known waits from boot among those counted, in ns. Exact, unless some were
 * counted before. */
static uint64_t known_ns(const struct disk_wait_period *period,
                         uint64_t waited_ns) {
  const struct disk_wait_from_boot *known = &period->from_boot;
  uint64_t least_ns = least_from_boot_ns(period);
  if (known->count == 0 || waited_ns >= known->sum_ns)
    return known->sum_ns;
  uint64_t count = least_ns > 0 ? waited_ns / least_ns : 0;
  return count < known->count ? count * (known->sum_ns / known->count) : 0;
}

/* The minimum of the other waits from boot, in ns: further ones of threads that
 * are known to have had several; and if waits from boot are longer than all
 * other waits can be together, as many as fit into the sum. */
static uint64_t presumed_ns(const struct disk_wait_period *period,
                            uint64_t waited_ns) {
  uint64_t least_ns = least_from_boot_ns(period);
  uint64_t count = least_ns > 0 ? waited_ns / least_ns : 0;
  if (least_ns <= room_ns(period) && count > period->from_boot.more)
    count = period->from_boot.more;
  return count * least_ns;
}

uint64_t disk_wait_bound(const struct disk_wait_period *period,
                         uint64_t waited_ns) {
  uint64_t rest_ns = subtract(waited_ns, period->false_ns);
  rest_ns = subtract(rest_ns, known_ns(period, rest_ns));
  rest_ns -= presumed_ns(period, rest_ns);
  if (is_possible(period, rest_ns))
    return rest_ns;
  uint64_t most_ns = room_ns(period);
  return min(rest_ns, most_ns);
}

uint64_t disk_wait_false(const struct record *thread, uint64_t ended_ns) {
  uint64_t age_ns = thread->elapsed_us * 1000;
  uint64_t waited_ns = thread->delay_ns[DELAY_BLKIO];
  struct disk_wait_period life = {
      .slack_ns = AGE_SLACK_NS,
      .since_ns = subtract(ended_ns, age_ns),
      .until_ns = ended_ns,
      .thread_ns = age_ns,
      .busy_ns = thread->cpu_ns + thread->delay_ns[DELAY_CPU],
  };
  disk_wait_note(&life.from_boot, thread, 0, 0);
  return waited_ns - disk_wait_bound(&life, waited_ns);
}
