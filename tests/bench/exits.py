# SPDX-License-Identifier: MIT
"""The listener's cost of an exit record in a storm, and the maximum rate without loss.

The processes or threads of a storm were created before and wait until they end, so that
only their ends and the listener take CPU time."""

import losses
import machine
from collectd import Collectd
from crowd import Crowd
from least import Least
from table import Goal, Row, Spread

NAME = "taskstats-bench"
ROUNDS = 5
LISTENER = "taskstats exits"
RECORDS = "taskstats/total_events-exit-records"
LOST = "taskstats/total_events-exit-records-lost"

STORM = 10000       # processes
STORM_RATE = 20000  # a second

BUFFERS = (212992, 1048576, losses.DEFAULT_BUFFER)
INTERVAL = 0.5  # short, because losses are reported by the next read
SENDERS = 50  # processes whose threads end
MOST = 50000  # threads in a storm


def storm_cost(collectd):
    """us of the listener per exit record, the yardstick for the same processes just
    before, the ends per second, and the number of lost records."""
    with Crowd(NAME, STORM) as crowd:
        collectd.await_reads(1)
        yardstick = crowd.yardstick_us()
        before = collectd.cpu_us(LISTENER)
        lost = collectd.value(LOST)
        rate = crowd.exits(STORM, STORM_RATE)
        collectd.await_reads(1)
        cost = (collectd.cpu_us(LISTENER) - before) / STORM
        lost = collectd.value(LOST) - lost
    return cost, yardstick, rate, lost


def cost_row(what, stanza, goals):
    with Collectd("taskstats", stanza, 1) as collectd:
        collectd.start()
        # Until then, short-lived threads have the name of the listener, too.
        collectd.await_reads(1)
        rounds = [storm_cost(collectd) for _ in range(ROUNDS)]
    cost, yardstick, rate, lost = (Spread(values) for values in zip(*rounds))
    return Row("exits", f"exit record of {what}", f"{STORM:,} processes, {rate} a second", cost,
               "µs", cost.over(yardstick), goals=[goal(cost.median) for goal in goals],
               note=f"{lost.high:.0f} records lost" if lost.high else None)


def least_row():
    costs = []
    with Least("records") as least:
        for _ in range(ROUNDS):
            with Crowd(NAME, STORM) as crowd:
                costs.append(least.cost_us(lambda: crowd.exits(STORM, STORM_RATE), STORM))
    cost, rate = (Spread(values) for values in zip(*costs))
    return Row("exits", "… for a listener that only receives it",
               f"{STORM:,} processes, {rate} a second", cost, "µs")


class Storms:
    """Threads that end, and a listener with a buffer of this many bytes."""

    def __init__(self, buffer):
        self.collectd = Collectd("taskstats", f'Process "taskstats-none"\nWatchBuffer {buffer}',
                                 INTERVAL)

    def __enter__(self):
        self.collectd.start()
        self.collectd.await_reads(1)
        return self

    def __exit__(self, *unused):
        self.collectd.stop()

    def storm(self, rate):
        """Returns the ends per second and the number of lost records. Fails if a record
        was neither received nor counted as lost."""
        threads = (min(rate, MOST) if rate > 0 else MOST) // SENDERS
        with Crowd("taskstats-storm", SENDERS, threads=threads + 1) as crowd:
            records = self.collectd.value(RECORDS)
            lost = self.collectd.value(LOST)
            reached = crowd.exits(SENDERS * threads, rate)
            self.collectd.await_reads(1)
            lost = self.collectd.value(LOST) - lost
            records = self.collectd.value(RECORDS) - records
        if records + lost < SENDERS * threads:
            self.collectd.fail(f"has {records:.0f} records and lost {lost:.0f} "
                               f"of {SENDERS * threads}")
        return reached, lost


def loss_row(buffer):
    with Storms(buffer) as storms:
        return losses.loss_row("exits", "exits without loss", buffer, storms.storm,
                               "threads that were made before and end together")


def exits(say):
    say(f"CPU of the listener, {2 * ROUNDS} storms")
    rows = [
        cost_row("a member", f'Process "{NAME}"', []),
        cost_row("an untracked process", 'Process "taskstats-none"',
                 [lambda us: Goal("≤ 1.0 µs", us, 1)]),
        least_row(),
    ]
    lack = machine.lacks_for(MOST)
    if lack:
        rows.append(Row("exits", "exits without loss", f"{MOST:,} threads", None, "",
                        note=f"not measured: {lack}"))
        return rows
    for buffer in BUFFERS:
        say(f"storms with a WatchBuffer of {buffer}")
        rows.append(loss_row(buffer))
    return rows
