# SPDX-License-Identifier: MIT
"""Debian's collectd with the plugin and every option."""

import glob
import os
import re
import shutil
import subprocess
import time

DAEMON = "/usr/sbin/collectd"
PLUGINS = "/usr/lib/collectd"
TYPES = "/usr/share/collectd/types.db"

# With one write thread, csv writes rows in the order of the reads, and a file's header
# cannot overwrite its first row.
CONFIG = """\
Hostname "soak"
FQDNLookup false
Interval 1
WriteThreads 1
BaseDir "{work}"
PIDFile "{work}/collectd.pid"
TypesDB "{types}"
PluginDir "{plugins}"
LoadPlugin logfile
<Plugin logfile>
  File "{work}/collectd.log"
  LogLevel info
  PrintSeverity true
</Plugin>
LoadPlugin csv
<Plugin csv>
  DataDir "{work}/csv"
  StoreRates false
</Plugin>
LoadPlugin unixsock
<Plugin unixsock>
  SocketFile "{work}/socket"
  SocketGroup "root"
</Plugin>
PluginDir "{build}"
LoadPlugin taskstats
<Plugin taskstats>
  CollectDelay true
  CollectDelayTotal true
  CollectDelayLatency true
  CollectCPU true
  CollectIO true
  CollectCount true
  CollectContextSwitch true
  CollectPageFaults true
  CollectMemory true
  CollectFileDescriptor true
  CollectUptime true
  CollectExits true
  WatchCPUs "all"
  WatchBuffer 33554432
  ProcessEvents true
  ExitLog "{work}/exits.json"
  NotifyExit "all"
  NotifyExitRate 1
  EnableDelayAccounting true
  ReportSelf true
  MaxGroups 1000
  Process "soak-brood"
  Process "soak-storm"
  ProcessMatch "line" "^{work}/soak-brood brood "
  <Group "crowd">
    Command "soak-crowd"
    User "root"
    NotifyExit "failure"
  </Group>
  <Group "run">
    Command "soak-run"
    Executable "{work}/soak-run"
  </Group>
  <Group "restless">
    Command "soak-rest" "soak-a" "soak-b"
  </Group>
  <Group "family">
    Command "soak-root"
    Descendants true
    <Exclude>
      Command "soak-stranger"
    </Exclude>
  </Group>
  <Group "pidfile">
    PIDFile "{work}/pid"
  </Group>
  <Group "come-%{{comm}}">
    CommandLine "^{work}/c[0-9]+-[0-9]+ brood "
  </Group>
  <Group "unit-%{{unit}}">
    Unit "*.service" "*.scope"
    CommandLine "^{work}/"
  </Group>
  <Group "cgroup-%{{cgroup}}">
    ControlGroup "."
    CommandLine "^{work}/"
    NotifyExit "none"
  </Group>
  <Group "top-%{{user}}-%{{exe}}-%{{pid}}">
    Command "soak-crowd"
    Top 3 "rss"
    NotifyExit "none"
  </Group>
</Plugin>
"""

# Groups with fixed names
FIXED = ("soak-brood", "soak-storm", "line", "crowd", "run", "restless", "family", "pidfile")
DERIVES = ("total_time_in_ms", "ps_cputime", "io_octets", "io_ops", "disk_octets",
           "ps_pagefaults", "contextswitch", "total_events")
# Warnings and errors, except those that others can cause by loading the machine or by
# switching delay accounting off
COMPLAINT = re.compile(r"\[(warning|error)\] (?!Notification|Not sleeping|plugin_read_thread: "
                       r".* above its read|taskstats plugin: Delay accounting)")
# A group without a new value for longer than this was discarded.
GONE_S = 20


def lines_of(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().splitlines()


class Collectd:
    def __init__(self, build, work):
        self.work = work
        self.log = f"{work}/collectd.log"
        with open(f"{work}/collectd.conf", "w", encoding="utf-8") as file:
            file.write(CONFIG.format(build=os.path.realpath(build), work=work, types=TYPES,
                                     plugins=PLUGINS))
        self.status = None
        with open(f"{work}/collectd.out", "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", DAEMON, "-f", "-C", f"{work}/collectd.conf"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.status is None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        begin = time.monotonic()
        self.process.terminate()
        try:
            self.status = self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.status = self.process.wait()
        self.took_s = time.monotonic() - begin

    def faults(self):
        """Warnings and errors in its log, and a bad exit status."""
        found = [line for line in lines_of(self.log) if COMPLAINT.search(line)][:10]
        if self.status != 0:
            found.append(f"collectd ended with status {self.status}, after {self.took_s:.1f} s")
        return found

    # --- Its resources ---

    def path(self, name):
        return f"/proc/{self.process.pid}/{name}"

    def figure(self, name, key):
        for line in lines_of(self.path(name)):
            if line.startswith(f"{key}:"):
                return int(line.split()[1])
        raise SystemExit(f"soak: {self.path(name)} has no {key}")

    def figures(self):
        return {"rss_kib": self.figure("status", "VmRSS"),
                "pss_kib": self.figure("smaps_rollup", "Pss"),
                "pss_anon_kib": self.figure("smaps_rollup", "Pss_Anon"),
                "threads": self.figure("status", "Threads"),
                "fds": len(os.listdir(self.path("fd")))}

    def figures_at_rest(self):
        """The minima of several samples: a read or write in progress needs more."""
        samples = []
        for _ in range(20):
            samples.append(self.figures())
            time.sleep(0.02)
        return {key: min(sample[key] for sample in samples) for key in samples[0]}

    # --- What it dispatched ---

    def directory(self, group):
        return f"{self.work}/csv/soak/taskstats" + (f"-{group}" if group else "")

    def rows(self, group, identity):
        """[time, value...] of each read."""
        rows = []
        for path in glob.glob(f"{glob.escape(self.directory(group))}/{identity}-20*"):
            rows += [[float(value) for value in line.split(",")] for line in lines_of(path)[1:]]
        return sorted(rows)

    def last(self, group, identity):
        """The values of the last read, or None if there was none."""
        rows = self.rows(group, identity)
        return rows[-1][1:] if rows else None

    def await_reads(self, count):
        since = time.time()
        give_up = since + 100
        while sum(row[0] > since for row in self.rows("", "count-processes")[-9:]) <= count:
            if time.time() > give_up or self.process.poll() is not None:
                raise SystemExit("soak: collectd does not read:\n" +
                                 "\n".join(lines_of(self.log)[-10:]))
            time.sleep(0.1)

    def falls(self):
        """Decreasing derives of the groups with fixed names."""
        found = []
        for group in FIXED:
            for path in glob.glob(f"{self.directory(group)}/*"):
                identity = os.path.basename(path)[:-len("-2000-01-01")]
                if not identity.startswith(DERIVES):
                    continue
                rows = self.rows(group, identity)
                for before, after in zip(rows, rows[1:]):
                    if any(b > a for b, a in zip(before[1:], after[1:])):
                        found.append(f"{group}/{identity} falls from {before} to {after}")
                        break
        return found

    def take_gone_groups(self, prefix, at_end=False):
        """Returns the sums of the exits of discarded groups whose names start with
        prefix, and removes the files of all discarded groups. At the end, counts groups
        that still exist, too, and removes nothing."""
        sums = {"ok": 0, "error": 0, "signal": 0}
        for path in glob.glob(f"{self.work}/csv/soak/taskstats-*"):
            group = os.path.basename(path)[len("taskstats-"):]
            files = glob.glob(f"{glob.escape(path)}/*")
            age = time.time() - max((os.path.getmtime(name) for name in files), default=0)
            if group in FIXED or (age < GONE_S and not at_end):
                continue
            for kind in sums:
                values = self.last(group, f"total_events-exit-{kind}")
                if group.startswith(prefix) and values is not None:
                    sums[kind] += int(values[0])
            if not at_end:
                shutil.rmtree(path)
        return sums
