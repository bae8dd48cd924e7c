# SPDX-License-Identifier: MIT
"""Resident memory of collectd per process, with one crowd after another: what each
adds, and what remains when it has ended. A small crowd runs first, for memory that does
not depend on the number, such as the buffers for a storm. The end of many processes at
once needs memory, too: later crowds are therefore compared with the second one, not the
first."""

import machine
from collectd import Collectd
from crowd import Crowd
from table import Goal, Row, Spread

NAME = "taskstats-bench"
SIZE = 20000
FEW = 500
CROWDS = 6
END_RATE = 20000  # a second: none of their exit records are lost
# Growth up to this factor is noise.
FLAT = 1.05


def crowds(collectd, size):
    """Resident bytes without a crowd, with each crowd, and after each."""
    with Crowd(NAME, FEW):
        collectd.await_reads(3)
    collectd.await_reads(3)
    before, during, after = collectd.rss_bytes(), [], []
    for _ in range(CROWDS):
        with Crowd(NAME, size) as crowd:
            collectd.await_reads(3)
            during.append(collectd.rss_bytes())
            crowd.exits(size, END_RATE)
        collectd.await_reads(3)
        after.append(collectd.rss_bytes())
    return before, during, after


def memory_rows(what, stanza, limit, size):
    with Collectd("taskstats", stanza, 1) as collectd:
        collectd.start()
        before, during, after = crowds(collectd, size)
    taken = Spread((rss - before) / size for rss in during)
    left = Spread((rss - before) / size for rss in after)
    flat = Spread((rss - before) / max(1, during[1] - before) for rss in during[2:])
    at = f"{size:,} processes"
    return [
        Row("memory", f"resident memory of {what}", at, taken, "bytes",
            goals=[Goal(f"≤ {limit} bytes", taken.median, limit)],
            note=f"the first crowd took {taken.values[0]:.0f} bytes each; those after it find "
            "what the end of the first has left"),
        Row("memory", f"… left of {what} when it is gone", at, left, "bytes"),
        Row("memory", f"… of {what}, third crowds and on against the second", at, flat, "times",
            goals=[Goal(f"flat: ≤ {FLAT} times", flat.high, FLAT)]),
    ]


def memory(say):
    lack = machine.lacks_for(SIZE)
    if lack:
        return [Row("memory", "resident memory", f"{SIZE:,} processes", None, "",
                    note=f"not measured: {lack}")]
    rows = []
    for what, name, limit in (("a member", NAME, 512),
                              ("an untracked process", "taskstats-none", 96)):
        say(f"{CROWDS} crowds of {SIZE:,}, each process as {what}")
        rows += memory_rows(what, f'Process "{name}"', limit, SIZE)
    return rows
