# SPDX-License-Identifier: MIT
"""The cost of a read per process: idle members, members that ran, and untracked
processes. It is the difference between a read with all processes and one with none,
divided by their number. /proc is listed once a minute, in too few rounds to affect the
medians."""

import statistics
import time

import machine
from collectd import Collectd
from crowd import Crowd
from exporter import Exporter
from rounds import Stage
from table import Goal, Row, Spread, number

NAME = "taskstats-bench"
BASE_ROUNDS = 15
# Number of processes: interval in seconds, rounds
SIZES = {100: (1, 15), 1000: (1, 9), 10000: (6, 5), 50000: (10, 5)}
# With more processes, the compared programs take too long for a round.
MOST_SCRAPED, MOST_COMPARED = 1000, 10000
YOUNG_S = 10  # a process is young for this long
YOUNG_ROUNDS = 6
YOUNG_SIZES = (100, 1000)

# A read with few members and many others
FEW = 100
OTHERS = 20000
OTHERS_ROUNDS = 9
OTHERS_INTERVAL = 2
OTHERS_LIMIT = 0.05  # us


def stage(interval, size):
    """The plugin with all processes as members, and with none as a member; and, unless
    there are too many, the compared programs: the processes plugin, and the exporter."""
    collectds = {
        "plugin": Collectd("taskstats", f'Process "{NAME}"', interval),
        "untracked": Collectd("taskstats", 'Process "taskstats-none"', interval),
    }
    if size <= MOST_COMPARED:
        collectds["processes"] = Collectd("processes", f'Process "{NAME}"', interval)
    return Stage(collectds, interval, Exporter(NAME) if size <= MOST_SCRAPED else None)


class Base:
    """The cost of a round with a crowd of one process, by program."""

    def __init__(self, stage):
        with Crowd("taskstats-one", 1) as one:
            rounds = stage.rounds(BASE_ROUNDS, one)
        self.cost = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
        self.cost["yardstick"] = self.cost["clocks"] = 0

    def per_process(self, rounds, crowd):
        """{program: Spread of us per process}"""
        size = {name: 1 if name in ("yardstick", "clocks") else crowd.count for name in self.cost}
        return {name: Spread((r[name] - self.cost[name]) / size[name] for r in rounds)
                for name in rounds[0]}


def member_row(part, what, size, cost, limits, notes):
    yardsticks = cost["plugin"].over(cost["yardstick"])
    processes = cost["processes"].over(cost["plugin"]) if "processes" in cost else None
    goals = []
    if "yardsticks" in limits:
        limit = limits["yardsticks"]
        goals.append(Goal(f"≤ {limit} yardsticks", yardsticks.median, limit))
    if "cheaper" in limits and processes is not None:
        limit = limits["cheaper"]
        goals.append(Goal(f"{limit} times cheaper", processes.median, limit, at_least=True))
    exporter = cost["exporter"].over(cost["plugin"]) if "exporter" in cost else None
    return Row(part, what, size, cost["plugin"], "µs", yardsticks, processes, exporter, goals,
               "; ".join(notes) or None)


def untracked_row(part, size, cost, has_goal):
    """With few processes, the cost is smaller than the remaining differences."""
    limit = Goal(f"≤ {OTHERS_LIMIT} µs", cost["untracked"].median, OTHERS_LIMIT)
    return Row(part, "untracked process", size, cost["untracked"], "µs",
               cost["untracked"].over(cost["yardstick"]), None, None,
               [limit] if has_goal else [],
               f"the kernel's part alone of a listing of /proc, once a minute, takes "
               f"{number(cost['listing'].median)} µs a process")


def yardstick_row(part, size, cost):
    return Row(part, "the yardstick itself", size, cost["yardstick"], "µs")


def clock_row(part, size, cost):
    return Row(part, "the CPU clock alone of an idle member", size, cost["clocks"], "µs",
               cost["clocks"].over(cost["yardstick"]))


IDLE = {"yardsticks": 0.15, "cheaper": 60}
RAN = {"yardsticks": 1.25, "cheaper": 7}


def measure(part, what, at, stage, base, crowd, rounds):
    """Returns the rows, and the costs of idle processes and of those that ran."""
    notes = []
    if stage.exporter is None:
        notes.append("the exporter is left out, since its scrapes take too long")
    if "processes" not in stage.collectds:
        notes.append("so is the processes plugin, whose reads take longer than the interval")
    stage.rounds(1, crowd)  # the first read of the processes
    idle = base.per_process(stage.rounds(rounds, crowd), crowd)
    ran = base.per_process(stage.rounds(rounds, crowd, ran=True), crowd)
    rows = [member_row(part, f"idle {what}", at, idle, IDLE, notes)]
    if crowd.count > machine.most_kept():
        notes = [*notes, f"the descriptors are enough for {machine.most_kept():,} members; the "
                 "files of the others are opened and closed"]
    rows.append(member_row(part, f"{what} that ran", at, ran, RAN, notes))
    return rows, idle, ran


def young_row(at, stage, base, crowd, born):
    """For processes that were just created, as long as they are young."""
    what = f"young member that ran (under {YOUNG_S} s)"
    cost = base.per_process(stage.rounds(YOUNG_ROUNDS, crowd, ran=True), crowd)
    if time.monotonic() - born > YOUNG_S:
        return Row("members", what, at, None, "", note="not measured: this machine is too slow")
    return member_row("members", what, at, cost, RAN, [])


def scale_row(what, small, large):
    """small and large: (size, cost)"""
    ratios = [cost["plugin"].over(cost["yardstick"]) for _, cost in (small, large)]
    ratio = Spread([value / ratios[0].median for value in ratios[1].values])
    return Row("members", f"cost of {what}, in yardsticks", f"{large[0]:,} against {small[0]:,}",
               ratio, "times", goals=[Goal("≤ 1.25 times", ratio.median, 1.25)],
               note=f"the descriptors are enough for {machine.most_kept():,} members"
               if large[0] > machine.most_kept() else None)


def others_rounds(collectds):
    """Rounds with the members alone, and with other processes."""
    with Stage(collectds, OTHERS_INTERVAL) as running, Crowd(NAME, FEW) as few:
        running.rounds(1, few)
        alone = running.rounds(OTHERS_ROUNDS, few)
        with Crowd("taskstats-other", OTHERS):
            running.rounds(1, few)
            beside = running.rounds(OTHERS_ROUNDS, few)
        running.rounds(1, few)
        alone += running.rounds(OTHERS_ROUNDS, few)
    return alone, beside


def others_row(what, cost, goal):
    return Row("members", what, f"{OTHERS:,} beside {FEW} members, {OTHERS_INTERVAL} s",
               cost, "µs", goals=[goal])


def others(say):
    """The additional cost of a read with many untracked processes, compared with reads
    of the same members alone, before and after: with process events, and with listings
    of /proc."""
    lack = machine.lacks_for(OTHERS)
    if lack:
        return [Row("members", "untracked process", f"{OTHERS:,} beside {FEW} members", None, "",
                    note=f"not measured: {lack}")]
    say(f"{FEW} members, with and without {OTHERS:,} others")
    member = f'Process "{NAME}"'
    alone, beside = others_rounds({
        "events": Collectd("taskstats", member, OTHERS_INTERVAL),
        "without": Collectd("taskstats", f"{member}\nProcessEvents false", OTHERS_INTERVAL)})
    few = {name: statistics.median(r[name] for r in alone) for name in alone[0]}
    cost = {name: Spread((r[name] - few[name]) / OTHERS for r in beside) for name in few}
    us = cost["without"].median
    listings = cost["without"].over(cost["listing"]).median
    return [others_row("untracked process", cost["events"],
                       Goal(f"≤ {OTHERS_LIMIT} µs", cost["events"].median, OTHERS_LIMIT)),
            others_row("untracked process, ProcessEvents false", cost["without"],
                       Goal("≤ 1.3 µs or 3 listings", min(us / 1.3, listings / 3), 1))]


def members(say):
    rows, seen, base, running = [], {}, None, None
    try:
        for size, (interval, count) in SIZES.items():
            lack = machine.lacks_for(size)
            if lack:
                rows.append(Row("members", "a read", f"{size:,} processes", None, "",
                                note=f"not measured: {lack}"))
                continue
            say(f"{size:,} processes, read every {interval} s")
            if running is None or running.interval != interval:
                if running is not None:
                    running.stop()
                running = stage(interval, size)
                base = base or Base(running)
            born = time.monotonic()
            with Crowd(NAME, size) as crowd:
                at = f"{size:,} processes, {interval} s"
                young = [young_row(at, running, base, crowd, born)] if size in YOUNG_SIZES else []
                more, idle, ran = measure("members", "member", at, running, base, crowd, count)
            seen[size] = {"idle member": idle, "member that ran": ran}
            rows += [yardstick_row("members", at, idle), clock_row("members", at, idle), *more,
                     *young,
                     untracked_row("members", at, idle, size >= 1000)]
    finally:
        if running is not None:
            running.stop()
    if 1000 in seen and 50000 in seen:
        rows += [scale_row(what, (1000, seen[1000][what]), (50000, seen[50000][what]))
                 for what in seen[1000]]
    return rows + others(say)


def threads(say):
    say("10 processes of 1,000 threads")
    with stage(1, 10) as running:
        base = Base(running)
        with Crowd(NAME, 10, threads=1000) as crowd:
            at = "10 of 1,000 threads, of which the main one runs, 1 s"
            rows, idle, _ = measure("threads", "member", at, running, base, crowd, 9)
    return [yardstick_row("threads", at, idle), *rows]
