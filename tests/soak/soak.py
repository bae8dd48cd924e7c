# SPDX-License-Identifier: MIT
"""A long run of collectd with the plugin: soak.py BUILD WORK MINUTES.

In a round of 20 seconds, load.py starts its programs; at the end of the round, all of
them have ended. collectd is then at rest, and its descriptors, threads and memory at
these times must not grow; see growth.py. At the end, the values of all rounds together
must equal the ground truth."""

import signal
import sys
import time

from collectd import Collectd
from growth import Growth
from load import Load
from truth import compare

ROUND_S = 20
WAVE_S = 5
LEAST_ROUNDS = 4


def end_early(number, _):
    sys.exit(128 + number)


def say(line):
    print(line, flush=True)


def work_until(collectd, load, growth, end):
    """Starts a wave every five seconds, and takes a sample every ten."""
    waves = 0
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(WAVE_S, left))
        waves += 1
        if waves % 2 == 0:
            growth.sample(collectd.figures())
        load.wave()


def run(collectd, load, growth, minutes):
    end = time.monotonic() + minutes * 60
    rounds = 0
    while rounds < LEAST_ROUNDS or time.monotonic() + ROUND_S <= end:
        begin = time.monotonic()
        load.begin(rounds)
        work_until(collectd, load, growth, begin + ROUND_S - WAVE_S)
        load.end()
        collectd.await_reads(2)
        growth.sample_at_rest(collectd.figures_at_rest(), load.processes)
        rounds += 1
        load.settle_groups(collectd)
        if collectd.process.poll() is not None:
            raise SystemExit(f"soak: collectd ended with status {collectd.process.returncode}")
    return rounds


def main(build, work, minutes):
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end_early)
    growth = Growth()
    with Load(work) as load, Collectd(build, work) as collectd:
        collectd.await_reads(2)
        try:
            rounds = run(collectd, load, growth, float(minutes))
        finally:
            growth.write(f"{build}/soak.csv")
        faults = compare(collectd, load)
        faults += growth.faults()
        collectd.stop()
        faults += collectd.faults()
    say(f"soak: {rounds} rounds, {load.processes} processes ended")
    for line in growth.summary() + load.summary():
        say(f"  {line}")
    for fault in faults:
        say(f"not ok - {fault}")
    say("not ok - soak" if faults else "ok - soak")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
