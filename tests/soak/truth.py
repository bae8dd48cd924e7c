# SPDX-License-Identifier: MIT
"""Compares what collectd dispatched with the ground truth."""

import subprocess

from load import KINDS

# The record of a process that slept only once may deviate by this much, see the README.
# CPU time during the teardown is in no record; compare() allows for it separately.
PERCENT = 8
# Groups whose written bytes are known, and those whose CPU time is
WRITERS = ("soak-brood", "line", "run", "soak-storm", "crowd", "family")
TIMED = ("soak-brood", "line", "run", "restless", "family")


def compare_exits(group, got, truth):
    return [f"{group}: {got[kind]} ended with {kind}, the truth is {truth.ended[kind]}"
            for kind in KINDS if got[kind] != truth.ended[kind]]


def compare_cpu(group, got, truth, lost_us):
    least = truth.cpu_us * (1 - PERCENT / 100) - truth.processes() * lost_us
    most = truth.cpu_us * (1 + PERCENT / 100)
    if least <= got <= most:
        return []
    return [f"{group}: {got:.0f} us of CPU, not between {least:.0f} and {most:.0f}"]


def compare_group(collectd, group, truth, lost_us):
    ended = {kind: int(collectd.last(group, f"total_events-exit-{kind}")[0]) for kind in KINDS}
    cpu_us = sum(collectd.last(group, "ps_cputime"))
    written = int(collectd.last(group, "io_octets")[1])
    print(f"  {group}: CPU {cpu_us / max(1, truth.cpu_us):.4f} of the truth, "
          f"{written} bytes written, {truth.bytes} in truth")
    faults = compare_exits(group, ended, truth)
    if group in TIMED:
        faults += compare_cpu(group, cpu_us, truth, lost_us)
    if group in WRITERS and written != truth.bytes:
        faults.append(f"{group}: {written} bytes written, the truth is {truth.bytes}")
    if collectd.last(group, "ps_count")[0] != 0:
        faults.append(f"{group} still has processes")
    return faults


def compare(collectd, load):
    """Returns all deviations from the ground truth."""
    teardown_us = int(subprocess.run([f"{collectd.work}/teardown"], capture_output=True,
                                     check=True).stdout)
    faults = []
    for group, truth in load.truth.items():
        if group != "come":
            faults += compare_group(collectd, group, truth, 3 * teardown_us + 500)
    load.settle_groups(collectd, at_end=True)
    faults += compare_exits("groups that come and go", load.come, load.truth["come"])
    if (lost := collectd.last("", "total_events-exit-records-lost")[0]) != 0:
        faults.append(f"{lost:.0f} exit records were lost")
    return faults + collectd.falls()
