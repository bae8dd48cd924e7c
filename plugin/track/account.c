/* SPDX-License-Identifier: MIT */
#include "track/account.h"

#include "kernel/arithmetic.h"

#include <string.h>

#define MS_NS UINT64_C(1000000)

static uint32_t bit(unsigned int counter) { return UINT32_C(1) << counter; }

_Static_assert(USE_COUNTERS <= 32, "the counters fit into the bits of known");

/* Counts a counter's new total, unless it is the first and only a base. */
static void book(struct account *account, unsigned int counter, uint64_t total,
                 int64_t delta[COUNTERS]) {
  uint64_t base = total;
  if (account->known & bit(counter))
    base = account->total[counter];
  else if (account->from_zero)
    base = 0;

  account->known |= bit(counter);
  account->total[counter] = total;
  delta[counter] = (int64_t)(total - base);
}

/* For a counter that loses the values of ended threads: a smaller total is a
 * new base, not a correction. */
static void book_losing(struct account *account, unsigned int counter,
                        uint64_t total, int64_t delta[COUNTERS]) {
  book(account, counter, total, delta);
  if (delta[counter] < 0)
    delta[counter] = 0;
}

/* For a total that may be too low: never less than what was counted. */
static void book_at_least(struct account *account, unsigned int counter,
                          uint64_t total, int64_t delta[COUNTERS]) {
  if ((account->known & bit(counter)) && account->total[counter] > total)
    total = account->total[counter];
  book(account, counter, total, delta);
}

/* The total of the waits for a disk, without the known excess. */
static uint64_t blkio_ns(const struct account *account,
                         const struct sample *sample) {
  uint64_t total = sample->record->delay_ns[DELAY_BLKIO];
  /* It is less if it has overflowed. */
  return total < account->blkio_excess_ns ? total
                                          : total - account->blkio_excess_ns;
}

/* The increase of the waits for a disk; 0 if this is only a base. */
static uint64_t blkio_growth(const struct account *account,
                             const struct sample *sample) {
  unsigned int counter = COUNTER_DELAY + DELAY_BLKIO;
  if ((account->known & bit(counter)) == 0 && !account->from_zero)
    return 0;
  return subtract(blkio_ns(account, sample), account->total[counter]);
}

/* The period of a sample, including CPU time, waits for a CPU, and what the
 * period before has left. */
static struct disk_wait_period disk_wait_period(const struct account *account,
                                                const struct sample *sample)
    REQUIRES(tracker_mutex) {
  struct disk_wait_period period = sample->disk;
  period.busy_ns = subtract(sample->cpu_ns, account_cpu_ns(account)) +
                   subtract(sample->record->delay_ns[DELAY_CPU],
                            account->total[COUNTER_DELAY + DELAY_CPU]);
  period.spare_ns = account->disk_spare_ms * MS_NS;
  return period;
}

bool account_has_delays(const struct account *account) {
  uint64_t any = 0;
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++)
    if (kind != DELAY_CPU)
      any |= account->total[COUNTER_DELAY + kind] |
             account->total[COUNTER_WAITS + kind];
  return any != 0;
}

bool account_doubts_disk_waits(const struct account *account,
                               const struct sample *sample) {
  if (sample->record == NULL)
    return false;
  struct disk_wait_period period = disk_wait_period(account, sample);
  return disk_wait_is_doubtful(&period, blkio_growth(account, sample));
}

/* Sets the excess, so that blkio_ns excludes waits that cannot be true. */
static void bound_blkio(struct account *account, const struct sample *sample)
    REQUIRES(tracker_mutex) {
  if (sample->record->delay_ns[DELAY_BLKIO] < account->blkio_excess_ns)
    account->blkio_excess_ns = account->presumed_ns = 0;
  struct disk_wait_period period = disk_wait_period(account, sample);
  uint64_t growth_ns = blkio_growth(account, sample);
  /* Records that arrive later may confirm what was presumed false before: it is
   * not subtracted twice. */
  uint64_t shown_ns = min(account->presumed_ns, period.false_ns);
  account->presumed_ns -= shown_ns;
  period.false_ns -= shown_ns;
  uint64_t bound_ns = disk_wait_bound(&period, growth_ns);
  uint64_t cut_ns = growth_ns - bound_ns;
  account->blkio_excess_ns += cut_ns;
  account->presumed_ns +=
      subtract(cut_ns, period.false_ns + period.from_boot.sum_ns);
  uint64_t longest_ns = period.from_boot.longest_ns;
  if (longest_ns > account->from_boot_ns && longest_ns <= growth_ns)
    account->from_boot_ns = longest_ns;
  account->disk_spare_ms =
      min(disk_wait_spare(&period, bound_ns) / MS_NS, INT32_MAX) & INT32_MAX;
}

/* A total that overflows is set to 0 permanently, while its count continues
 * (delayacct_add_tsk in the kernel): this is also a new base. */
static void book_delay(struct account *account, unsigned int kind,
                       const struct sample *sample, int64_t delta[COUNTERS]) {
  const struct record *record = sample->record;
  unsigned int ns = COUNTER_DELAY + kind, waits = COUNTER_WAITS + kind;
  bool overflow = record->delay_ns[kind] == 0 && record->waits[kind] != 0 &&
                  record->waits[kind] >= account->total[waits];

  book(account, ns,
       kind == DELAY_BLKIO ? blkio_ns(account, sample) : record->delay_ns[kind],
       delta);
  book(account, waits, record->waits[kind], delta);
  if (overflow && delta[ns] < 0)
    delta[ns] = 0;
}

/*
 * Whether the kernel counts a dying thread both as dead and as alive (between
 * fill_tgid_exit and exit_notify): the record's CPU time then exceeds that of
 * the clock, which was read later and never lags. If the thread ran too briefly
 * for that, the next record corrects it.
 */
static bool counts_twice(const struct sample *sample) {
  return sample->record->cpu_ns > sample->cpu_ns;
}

/* A process that has run cannot have a blank record, except a zombie, for which
 * the caller has to request the thread's record. */
static bool is_believable(const struct sample *sample) {
  return sample->is_final ||
         (!counts_twice(sample) &&
          !(record_is_blank(sample->record) && sample->cpu_ns > 0));
}

static void book_record(struct account *account, const struct sample *sample,
                        int64_t delta[COUNTERS]) REQUIRES(tracker_mutex) {
  const struct record *record = sample->record;
  uint32_t kinds = record_delays(record->version);

  bound_blkio(account, sample);
  for (unsigned int kind = 0; kind < DELAY_KINDS; kind++)
    if (kinds & (UINT32_C(1) << kind))
      book_delay(account, kind, sample, delta);

  void (*book_switches)(struct account *, unsigned int, uint64_t, int64_t *) =
      sample->counts_ended_threads || sample->adds_ended_threads ? book
                                                                 : book_losing;
  book_switches(account, COUNTER_SWITCHES_VOLUNTARY, record->switches_voluntary,
                delta);
  book_switches(account, COUNTER_SWITCHES_INVOLUNTARY,
                record->switches_involuntary, delta);
  account->sampled_ns = sample->time_ns;
}

static void take_io(const struct account *account, struct procfs_io *io) {
  *io = (struct procfs_io){
      .read_chars = account->total[COUNTER_READ_CHARS],
      .write_chars = account->total[COUNTER_WRITE_CHARS],
      .read_calls = account->total[COUNTER_READ_CALLS],
      .write_calls = account->total[COUNTER_WRITE_CALLS],
      .read_bytes = account->total[COUNTER_READ_BYTES],
      .write_bytes = account->total[COUNTER_WRITE_BYTES],
  };
}

/* Counts the process's own I/O, as far as <pid>/io shows it. */
static void book_io(struct account *account, const struct sample *sample,
                    int64_t delta[COUNTERS]) {
  struct procfs_io io = *sample->io, last;

  take_io(account, &last);
  if (own_io_update(&account->own_io, &sample->own_io, &last, &io) != 0)
    return;
  book(account, COUNTER_READ_CHARS, io.read_chars, delta);
  book(account, COUNTER_WRITE_CHARS, io.write_chars, delta);
  book(account, COUNTER_READ_BYTES, io.read_bytes, delta);
  book(account, COUNTER_WRITE_BYTES, io.write_bytes, delta);
  book(account, COUNTER_READ_CALLS, io.read_calls, delta);
  book(account, COUNTER_WRITE_CALLS, io.write_calls, delta);
}

bool account_doubts_io(const struct account *account,
                       const struct sample *sample) {
  return sample->io != NULL &&
         own_io_may_have_waited(account->own_io, &sample->own_io);
}

/* The same from exit records, which are rounded down. */
static void book_final_io(struct account *account, const struct procfs_io *io,
                          int64_t delta[COUNTERS]) {
  book_at_least(account, COUNTER_READ_CHARS, io->read_chars, delta);
  book_at_least(account, COUNTER_WRITE_CHARS, io->write_chars, delta);
  book_at_least(account, COUNTER_READ_BYTES, io->read_bytes, delta);
  book_at_least(account, COUNTER_WRITE_BYTES, io->write_bytes, delta);
}

bool account_begins_io(const struct account *account) {
  return !account->from_zero && (account->known & bit(COUNTER_READ_CHARS)) == 0;
}

void account_clear(struct account *account) {
  own_io_destroy(account->own_io);
  account->own_io = NULL;
}

uint64_t account_cpu_ns(const struct account *account) {
  return account->total[COUNTER_CPU_USER] + account->total[COUNTER_CPU_SYSTEM];
}

/*
 * Divides the exact CPU time in the proportion of the sampled user and system
 * times, as the kernel does for <pid>/stat (cputime_adjust); like the kernel,
 * never decreases either part when the proportion changes.
 */
static void book_cpu(struct account *account, const struct sample *sample,
                     int64_t delta[COUNTERS]) REQUIRES(tracker_mutex) {
  if (sample->record != NULL && sample->counts_ended_threads) {
    account->user_ticks = sample->record->user_us;
    account->system_ticks = sample->record->system_us;
  } else if (sample->stat != NULL && !sample->is_final) {
    account->user_ticks = sample->stat->user_ticks;
    account->system_ticks = sample->stat->system_ticks;
  }

  /* Without a tick, everything is user time, as in the kernel. */
  uint64_t ticks = account->user_ticks + account->system_ticks;
  uint64_t system = 0;
  if (ticks != 0)
    system = share(sample->cpu_ns, account->system_ticks, ticks);
  if (sample->cpu_ns >= account_cpu_ns(account) &&
      (account->known & bit(COUNTER_CPU_USER)) != 0) {
    uint64_t least = account->total[COUNTER_CPU_SYSTEM];
    uint64_t most = sample->cpu_ns - account->total[COUNTER_CPU_USER];
    system = system < least ? least : system > most ? most : system;
  }
  book(account, COUNTER_CPU_USER, sample->cpu_ns - system, delta);
  book(account, COUNTER_CPU_SYSTEM, system, delta);
}

void account_start_at(struct account *account, uint64_t cpu_ns) {
  account->total[COUNTER_CPU_USER] = cpu_ns;
  account->total[COUNTER_CPU_SYSTEM] = 0;
  account->known |= bit(COUNTER_CPU_USER) | bit(COUNTER_CPU_SYSTEM);
}

bool account_update(struct account *account, const struct sample *sample,
                    int64_t delta[COUNTERS]) {
  bool is_believed = sample->record == NULL || is_believable(sample);

  memset(delta, 0, COUNTERS * sizeof(delta[0]));
  if (sample->record != NULL && is_believed)
    book_record(account, sample, delta);
  if (sample->io != NULL && sample->is_final)
    book_final_io(account, sample->io, delta);
  else if (sample->io != NULL)
    book_io(account, sample, delta);
  if (sample->stat != NULL) {
    book_at_least(account, COUNTER_FAULTS_MINOR, sample->stat->faults_minor,
                  delta);
    book_at_least(account, COUNTER_FAULTS_MAJOR, sample->stat->faults_major,
                  delta);
  }
  book_cpu(account, sample, delta);
  return is_believed;
}
