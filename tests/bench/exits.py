# SPDX-License-Identifier: MIT
"""What an exit record costs the listener in a storm, and how many a second can
come before one is lost.

The storms are of processes, or threads, that were made before and that wait to
end, so that nothing but ending and listening takes CPU time."""

import machine
from collectd import Collectd
from crowd import Crowd
from table import Goal, Row, Spread

NAME = "taskstats-bench"
ROUNDS = 5
LISTENER = "taskstats exits"
RECORDS = "taskstats/total_events-exit-records"
LOST = "taskstats/total_events-exit-records-lost"

STORM = 10000       # processes
STORM_RATE = 20000  # a second

BUFFERS = (212992, 1048576, 8388608)
DEFAULT_BUFFER = 8388608
# Those that end at a pace take a little longer than it says.
RATES = (5000, 10000, 20000, 30000, 41000, 50000, 60000, 80000, 120000, 0)  # 0: at once
GOAL_RATE = 40000
INTERVAL = 0.5  # so that a loss is soon known
SENDERS = 50  # processes whose threads end
MOST = 50000  # threads in a storm


def storm_cost(collectd):
    """us of the listener for an exit record, and the yardstick on the same
    processes, just before."""
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
        collectd.await_thread(LISTENER)
        collectd.await_reads(1)
        rounds = [storm_cost(collectd) for _ in range(ROUNDS)]
    cost, yardstick, rate, lost = (Spread(values) for values in zip(*rounds))
    return Row("exits", f"exit record of {what}", f"{STORM:,} processes, {rate} a second", cost,
               "µs", cost.over(yardstick), goals=[goal(cost.median) for goal in goals],
               note=f"{lost.high:.0f} records lost" if lost.high else None)


class Storms:
    """Threads that end, with a listener whose buffer has so many bytes."""

    def __init__(self, buffer):
        self.collectd = Collectd("taskstats", f'Process "taskstats-none"\nWatchBuffer {buffer}',
                                 INTERVAL)

    def __enter__(self):
        self.collectd.start()
        self.collectd.await_thread(LISTENER)
        self.collectd.await_reads(1)
        return self

    def __exit__(self, *unused):
        self.collectd.stop()

    def storm(self, rate):
        """Returns how many ended a second, and how many records of them are
        lost or, which must not be, neither lost nor taken."""
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

    def first_loss(self):
        """The place in RATES of the first storm that loses records, what that
        one reached, and what it lost; the place after the last if none does."""
        best = 0
        for place, rate in enumerate(RATES):
            reached, lost = self.storm(rate)
            if lost > 0:
                return place, f"{lost:,.0f} lost at {reached:,.0f} a second"
            if place > 0 and reached < 1.02 * best:
                return place + 1, None  # this machine can send no faster
            best = reached
        return len(RATES), None

    def loss_free(self):
        """Spread of what was reached by five storms without loss, at the highest
        rate that has them; and what was lost beyond."""
        place, beyond = self.first_loss()
        while place > 0:
            place -= 1
            reached = []
            for _ in range(ROUNDS):
                rate, lost = self.storm(RATES[place])
                if lost > 0:
                    beyond = f"{lost:,.0f} lost at {rate:,.0f} a second"
                    break
                reached.append(rate)
            else:
                return Spread(reached), beyond
        return None, beyond


def loss_row(buffer):
    with Storms(buffer) as storms:
        reached, beyond = storms.loss_free()
    size = f"WatchBuffer {buffer}" + (", the default" if buffer == DEFAULT_BUFFER else "")
    if reached is None:
        return Row("exits", "exits without loss", size, None, "",
                   note=f"none without loss: {beyond}")
    goals = []
    if buffer == DEFAULT_BUFFER:
        goals = [Goal(f"≥ {GOAL_RATE:,} a second", reached.median, GOAL_RATE, at_least=True)]
    return Row("exits", "exits without loss", size, reached, "a second", goals=goals,
               note=beyond or "no loss at all that this machine can send: threads that were "
               "made before and end together")


def exits(say):
    say(f"CPU of the listener, {2 * ROUNDS} storms")
    rows = [
        cost_row("a member", f'Process "{NAME}"', []),
        cost_row("an untracked process", 'Process "taskstats-none"',
                 [lambda us: Goal("≤ 1.5 µs", us, 1.5)]),
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
