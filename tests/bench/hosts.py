# SPDX-License-Identifier: MIT
"""Which share of a core all of it takes on a host that lives: a third of its
processes runs in each interval, and short-lived ones come and go."""

import time

import machine
from collectd import Collectd
from crowd import Crowd
from table import Goal, Row, Spread

NAME = "host"
INTERVAL = 10
INTERVALS = 5
FIRST = 2  # intervals that see the processes first
# What: processes, groups, short-lived processes a second
HOSTS = {"typical host": (300, 20, 1), "typical host with more exits": (300, 20, 5),
         "big host": (20000, 200, 100)}
TYPICAL_LIMIT = 0.05  # percent of a core

# Names of threads, as they begin
THREADS = {"taskstats": {"reader#0": "the reader", "taskstats ": "the listener and its like"},
           "processes": {"reader#0": "the reader"}}


def stanzas(groups):
    return "\n".join(f'Process "{NAME}{i}"' for i in range(groups))


class Shares:
    """Per cent of a core, by thread and interval."""

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
    """Lets intervals pass; notes what each took, after the first."""
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
            # The reads, half an interval before and after the notes
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
        goals.append(Goal(f"< {TYPICAL_LIMIT} % of a core", mine.median, TYPICAL_LIMIT))
    return Row("hosts", what, f"{processes:,} processes, {groups} groups, {churn} short-lived a "
               f"second, {INTERVAL} s", mine, "% of a core", processes=its.over(mine), goals=goals,
               note=shares[0].by_thread())


def hosts(say):
    rows = []
    for what, (processes, groups, churn) in HOSTS.items():
        lack = machine.lacks_for(processes)
        if lack:
            rows.append(Row("hosts", what, f"{processes:,} processes", None, "",
                            note=f"not measured: {lack}"))
            continue
        say(f"a {what}: {processes:,} processes, {(FIRST + INTERVALS + 1) * INTERVAL} s")
        rows.append(host_row(what, processes, groups, churn))
    return rows
