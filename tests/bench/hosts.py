# SPDX-License-Identifier: MIT
"""The plugin's share of a core on a busy host: a third of its processes runs in each
interval, and short-lived processes start and end. Also the cost of a short job on such
a host if a rule selects it by its command line."""

import time

import machine
from collectd import Collectd
from crowd import Crowd
from least import Least
from storm import AT_ONCE, Storm
from table import Goal, Row, Spread

NAME = "host"
INTERVAL = 10
INTERVALS = 5
FIRST = 2  # intervals for warm-up, with the first reads of the processes
# What: processes, groups, short-lived processes a second
HOSTS = {"typical host": (300, 20, 1), "typical host with more exits": (300, 20, 5),
         "big host": (20000, 200, 100)}
TYPICAL_LIMIT = 0.05  # percent of a core

# Jobs on a typical host: number per interval, rate per second (0: as fast as possible),
# maximum number at a time, and limit of us per job
JOBS = {"one at a time": (400, 50, 1, 60), "in a storm": (8000, 0, AT_ONCE, 15)}
JOB_ROUNDS = 5

# Prefixes of thread names
THREADS = {"taskstats": {"reader#0": "the reader", "taskstats ": "the listener and its like"},
           "processes": {"reader#0": "the reader"}}


def stanzas(groups):
    return "\n".join(f'Process "{NAME}{i}"' for i in range(groups))


class Shares:
    """Percent of a core, by thread and interval."""

    def __init__(self, plugin, groups):
        self.collectd = Collectd(plugin, stanzas(groups), INTERVAL)
        self.threads = THREADS[plugin]
        self.percents = {thread: [] for thread in self.threads}
        self.last = None

    def note(self):
        now = time.monotonic()
        used = {thread: self.collectd.cpu_us(thread) for thread in self.threads}
        if self.last is not None:
            since, before = self.last
            for thread, percents in self.percents.items():
                percents.append((used[thread] - before[thread]) / (now - since) / 1e4)
        self.last = now, used

    def total(self):
        return Spread(sum(interval) for interval in zip(*self.percents.values()))

    def by_thread(self):
        return ", ".join(f"{name} {Spread(self.percents[thread])} %"
                         for thread, name in self.threads.items())


def live(crowd, coming, shares, churn):
    """Waits for the intervals, and notes the shares in each after the first ones."""
    coming.churn(churn * INTERVAL * (FIRST + INTERVALS), churn)
    begin = time.monotonic()
    for turn in range(FIRST + INTERVALS + 1):
        time.sleep(max(0.0, begin + turn * INTERVAL - time.monotonic()))
        if turn >= FIRST:
            for share in shares:
                share.note()
        if turn < FIRST + INTERVALS:
            crowd.wake(turn % 3)
    coming.await_churn()


def host_row(what, processes, groups, churn):
    shares = [Shares(plugin, groups) for plugin in ("taskstats", "processes")]
    try:
        with Crowd(NAME, processes, names=groups) as crowd, \
             Crowd(NAME, 0, names=groups) as coming:
            # Reads are half an interval before and after each note.
            for share in shares:
                share.collectd.start()
                share.collectd.await_thread("reader#0")
            time.sleep(INTERVAL / 2)
            live(crowd, coming, shares, churn)
    finally:
        for share in shares:
            share.collectd.stop()
    mine, its = (share.total() for share in shares)
    goals = []
    if what.startswith("typical"):
        goals += [Goal(f"≤ {TYPICAL_LIMIT} % of a core", mine.median, TYPICAL_LIMIT),
                  Goal("below the processes plugin", its.over(mine).median, 1, at_least=True)]
    return Row("hosts", what, f"{processes:,} processes, {groups} groups, {churn} short-lived a "
               f"second, {INTERVAL} s", mine, "% of a core", processes=its.over(mine), goals=goals,
               note=shares[0].by_thread())


class Jobs:
    """Short jobs on a host that a collectd monitors."""

    def __init__(self, collectd, crowd, storm):
        self.collectd = collectd
        self.crowd = crowd
        self.storm = storm

    def interval(self, turn, count=0, rate=0, at_once=1):
        """us of collectd from one read to the next, with this many jobs, and the jobs
        per second."""
        before = self.collectd.total_cpu_us()
        self.crowd.wake(turn % 3)
        reached = self.storm.jobs(count, rate, at_once) if count > 0 else 0
        self.collectd.await_reads(0)
        return self.collectd.total_cpu_us() - before, reached

    def round(self, turn):
        """{which: (us of collectd per job, jobs per second)}"""
        quiet, _ = self.interval(turn)
        found = {}
        for which, (count, rate, at_once, _) in JOBS.items():
            used, reached = self.interval(turn, count, rate, at_once)
            found[which] = (used - quiet) / count, reached
        return found


def least_row():
    """For a storm of jobs, by comparison."""
    count, rate, at_once, _ = JOBS["in a storm"]
    with Least("execs") as least, Storm() as storm:
        costs = [least.cost_us(lambda: storm.jobs(count, rate, at_once), count)
                 for _ in range(JOB_ROUNDS)]
    cost, reached = (Spread(values) for values in zip(*costs))
    return Row("hosts", "… for a listener that only reads the command line",
               f"in a storm, {reached} jobs a second", cost, "µs")


def job_rows(say):
    say(f"a typical host with short jobs, {JOB_ROUNDS * 3 * INTERVAL} s")
    processes, groups, _ = HOSTS["typical host"]
    rules = f'{stanzas(groups)}\nProcessMatch "jobs" "^{Storm.JOB} "'
    with Crowd(NAME, processes, names=groups) as crowd, Storm() as storm, \
         Collectd("taskstats", rules, INTERVAL) as collectd:
        collectd.start()
        collectd.await_reads(1)
        jobs = Jobs(collectd, crowd, storm)
        rounds = [jobs.round(turn) for turn in range(JOB_ROUNDS)]
    rows = []
    for which, (_, _, _, limit) in JOBS.items():
        cost, rate = (Spread(found[which][i] for found in rounds) for i in (0, 1))
        rows.append(Row("hosts", f"short job on a typical host, {which}",
                        f"{processes} processes, {groups} groups and one by command line, "
                        f"{rate} jobs a second", cost, "µs",
                        goals=[Goal(f"≤ {limit} µs", cost.median, limit)]))
    return [*rows, least_row()]


def hosts(say):
    rows = job_rows(say)
    for what, (processes, groups, churn) in HOSTS.items():
        lack = machine.lacks_for(processes)
        if lack:
            rows.append(Row("hosts", what, f"{processes:,} processes", None, "",
                            note=f"not measured: {lack}"))
            continue
        say(f"a {what}: {processes:,} processes, {(FIRST + INTERVALS + 1) * INTERVAL} s")
        rows.append(host_row(what, processes, groups, churn))
    return rows
