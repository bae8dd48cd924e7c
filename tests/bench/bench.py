# SPDX-License-Identifier: MIT
"""Measures the plugin's performance: bench.py BUILD [PART]...

BUILD contains taskstats.so and bench/ with crowd, storm, job and listener; bench.md and
bench.json are written there. Figures are medians of several rounds, with the minimum
and the maximum. The unit "yardstick" is the cost of querying the same processes in the
same round with a loop that does nothing else (see yardstick.h)."""

import signal
import sys

import dispatch
import events
import exits
import hosts
import lines
import machine
import members
import memory
import table
from collectd import Collectd
from crowd import Crowd
from least import Least
from storm import Storm

PARTS = {
    "members": members.members,
    "threads": members.threads,
    "exits": exits.exits,
    "events": events.events,
    "memory": memory.memory,
    "dispatch": dispatch.dispatch,
    "hosts": hosts.hosts,
    "lines": lines.lines,
}


SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)


def end_early(number, _):
    """Exits, which stops everything that was started. A second signal, such as
    build.sh sends after Ctrl-C, must not interrupt that."""
    for other in SIGNALS:
        signal.signal(other, lambda *_: None)
    sys.exit(128 + number)


def say(line):
    print(f"  {line} …", file=sys.stderr, flush=True)


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def main(build, *chosen):
    for number in SIGNALS:
        signal.signal(number, end_early)
    Collectd.build = build
    Crowd.program = f"{build}/bench/crowd"
    Least.program = f"{build}/bench/listener"
    Storm.build = f"{build}/bench"
    facts, rows, done = machine.facts(), [], []
    for part in chosen or PARTS:
        print(f"{part}:", file=sys.stderr, flush=True)
        rows += PARTS[part](say)
        done.append(part)
        facts["parts"] = ", ".join(done)
        write(f"{build}/bench.md", table.markdown(facts, rows))
        write(f"{build}/bench.json", table.as_json(facts, rows))
    print(table.markdown(facts, rows), end="")


if __name__ == "__main__":
    main(*sys.argv[1:])
