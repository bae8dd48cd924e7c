# SPDX-License-Identifier: MIT
"""What a read costs per process: members that idle, members that ran, and
processes that are in no group. A process's cost is what a read with all of them
costs more than one with none, divided by their number."""

import statistics

import machine
from collectd import Collectd
from crowd import Crowd
from exporter import Exporter
from rounds import Stage
from table import Goal, Row, Spread

NAME = "taskstats-bench"
BASE_ROUNDS = 15
# Number of processes: interval in seconds, rounds
SIZES = {100: (1, 15), 1000: (1, 9), 10000: (6, 5), 50000: (10, 5)}
MOST_SCRAPED = 10000  # a scrape of more takes longer than all the rest


def stage(interval, is_scraped=True):
    """What is compared: the plugin with all as members, with none of them, the
    processes plugin, and the exporter."""
    collectds = {
        "plugin": Collectd("taskstats", f'Process "{NAME}"', interval),
        "untracked": Collectd("taskstats", 'Process "taskstats-none"', interval),
        "processes": Collectd("processes", f'Process "{NAME}"', interval),
    }
    return Stage(collectds, interval, Exporter(NAME) if is_scraped else None)


class Base:
    """What a round costs without a crowd to speak of, by program."""

    def __init__(self, stage):
        with Crowd("taskstats-one", 1) as one:
            rounds = stage.rounds(BASE_ROUNDS, one)
        self.cost = {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}
        self.cost["yardstick"] = 0

    def per_process(self, rounds, crowd):
        """{program: Spread of us per process}"""
        size = {name: 1 if name == "yardstick" else crowd.count for name in self.cost}
        return {name: Spread((r[name] - self.cost[name]) / size[name] for r in rounds)
                for name in rounds[0]}


def member_row(part, what, size, cost, limits, notes):
    yardsticks = cost["plugin"].over(cost["yardstick"])
    processes = cost["processes"].over(cost["plugin"])
    goals = []
    if "yardsticks" in limits:
        limit = limits["yardsticks"]
        goals.append(Goal(f"≤ {limit} yardsticks", yardsticks.median, limit))
    if "cheaper" in limits:
        limit = limits["cheaper"]
        goals.append(Goal(f"{limit} times cheaper", processes.median, limit, at_least=True))
    exporter = cost["exporter"].over(cost["plugin"]) if "exporter" in cost else None
    return Row(part, what, size, cost["plugin"], "µs", yardsticks, processes, exporter, goals,
               "; ".join(notes) or None)


def untracked_row(part, size, cost):
    listings = cost["untracked"].over(cost["listing"])
    us = cost["untracked"].median
    goal = Goal("≤ 1.3 µs or 3 listings", min(us / 1.3, listings.median / 3), 1)
    return Row(part, "untracked process", size, cost["untracked"], "µs",
               cost["untracked"].over(cost["yardstick"]), None, None, [goal],
               f"{listings} listings of /proc")


def yardstick_row(part, size, cost):
    return Row(part, "the yardstick itself", size, cost["yardstick"], "µs")


IDLE = {"yardsticks": 0.6, "cheaper": 15}
RAN = {"yardsticks": 1.6, "cheaper": 5}


def measure(part, what, at, stage, base, crowd, rounds):
    """Returns the rows, and the costs of idle processes and of those that ran."""
    notes = []
    if stage.exporter is None:
        notes.append("the exporter is left out, since its scrapes take too long")
    stage.rounds(1, crowd)  # sees them for the first time
    idle = base.per_process(stage.rounds(rounds, crowd), crowd)
    ran = base.per_process(stage.rounds(rounds, crowd, ran=True), crowd)
    rows = [member_row(part, f"idle {what}", at, idle, IDLE, notes)]
    if crowd.count > machine.most_kept():
        notes = [*notes, f"the descriptors are enough for {machine.most_kept():,} members; the "
                 "files of the others are opened and closed"]
    rows.append(member_row(part, f"{what} that ran", at, ran, RAN, notes))
    return rows, idle, ran


def scale_row(what, small, large):
    """small and large: (size, cost)"""
    ratios = [cost["plugin"].over(cost["yardstick"]) for _, cost in (small, large)]
    ratio = Spread([value / ratios[0].median for value in ratios[1].values])
    return Row("members", f"cost of {what}, in yardsticks", f"{large[0]:,} against {small[0]:,}",
               ratio, "times", goals=[Goal("≤ 1.25 times", ratio.median, 1.25)],
               note=f"the descriptors are enough for {machine.most_kept():,} members"
               if large[0] > machine.most_kept() else None)


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
                running = stage(interval, size <= MOST_SCRAPED)
                base = base or Base(running)
            with Crowd(NAME, size) as crowd:
                at = f"{size:,} processes, {interval} s"
                more, idle, ran = measure("members", "member", at, running, base, crowd, count)
            seen[size] = {"idle member": idle, "member that ran": ran}
            rows += [yardstick_row("members", at, idle), *more,
                     untracked_row("members", at, idle)]
    finally:
        if running is not None:
            running.stop()
    if 1000 in seen and 50000 in seen:
        rows += [scale_row(what, (1000, seen[1000][what]), (50000, seen[50000][what]))
                 for what in seen[1000]]
    return rows


def threads(say):
    say("10 processes of 1,000 threads")
    with stage(1) as running:
        base = Base(running)
        with Crowd(NAME, 10, threads=1000) as crowd:
            at = "10 of 1,000 threads, of which the main one runs, 1 s"
            rows, idle, _ = measure("threads", "member", at, running, base, crowd, 9)
    return [yardstick_row("threads", at, idle), *rows]
