# SPDX-License-Identifier: MIT
"""A separate collectd with one read plugin, and what it costs."""

import glob
import shutil
import subprocess
import tempfile
import time

DAEMON = "/usr/sbin/collectd"
PLUGINS = "/usr/lib/collectd"
TYPES = "/usr/share/collectd/types.db"
# The soft limit on descriptors of a systemd service.
DESCRIPTORS = "1024:"
NETLINK_CONNECTOR = 11
PID_LIMIT = 1 << 22
# The names of the threads that perform reads, by plugin.
READERS = {"taskstats": ("reader#0", "taskstats reads")}
OTHER_READERS = ("reader#0",)

CONFIG = """\
Hostname "localhost"
FQDNLookup false
Interval {interval}
ReadThreads 1
BaseDir "{directory}"
PIDFile "{directory}/collectd.pid"
TypesDB "{types}"
PluginDir "{plugins}"
LoadPlugin logfile
<Plugin logfile>
  File "{directory}/collectd.log"
  LogLevel info
</Plugin>
LoadPlugin csv
<Plugin csv>
  DataDir "{directory}/csv"
  StoreRates false
</Plugin>
PluginDir "{plugin_directory}"
LoadPlugin {plugin}
<Plugin {plugin}>
{stanzas}
</Plugin>
"""


def read_line(path):
    with open(path, encoding="ascii", errors="replace") as file:
        return file.readline()


class Collectd:
    """plugin is taskstats, which is loaded from build, or a plugin of collectd."""

    build = None  # the directory with taskstats.so

    def __init__(self, plugin, stanzas, interval):
        self.plugin = plugin
        self.interval = interval
        self.directory = tempfile.mkdtemp(prefix="taskstats-bench.")
        self.process = None
        self.tids = {}
        self.readers = READERS.get(plugin, OTHER_READERS)
        with open(f"{self.directory}/collectd.conf", "w", encoding="ascii") as file:
            file.write(CONFIG.format(
                interval=interval, directory=self.directory, types=TYPES,
                plugins=PLUGINS, plugin=plugin, stanzas=stanzas,
                plugin_directory=self.build if plugin == "taskstats" else PLUGINS))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    def start(self):
        """Returns at once; the first read starts when collectd is ready."""
        command = ["setpriv", "--pdeathsig", "TERM", "prlimit", f"--nofile={DESCRIPTORS}",
                   DAEMON, "-f", "-C", f"{self.directory}/collectd.conf"]
        with open(f"{self.directory}/collectd.out", "w", encoding="ascii") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                            stdout=out, stderr=out)
        return self

    def end(self):
        """Ends collectd, which can then be started again."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None
            self.tids.clear()

    def stop(self):
        self.end()
        shutil.rmtree(self.directory, ignore_errors=True)

    def fail(self, what):
        said = ""
        for name in ("collectd.out", "collectd.log"):
            try:
                with open(f"{self.directory}/{name}", encoding="utf-8", errors="replace") as file:
                    said += "".join(file.readlines()[-10:])
            except OSError:
                pass
        raise SystemExit(f"bench: collectd with the plugin {self.plugin} {what}. It said:\n{said}")

    # --- What it costs ---

    def threads(self, prefix):
        """The ids of the threads whose names start with the prefix."""
        found = []
        for path in glob.glob(f"/proc/{self.process.pid}/task/*/comm"):
            try:
                if read_line(path).startswith(prefix):
                    found.append(int(path.split("/")[4]))
            except OSError:
                pass
        return found

    def await_thread(self, prefix, limit_s=20):
        give_up = time.monotonic() + limit_s
        while not (tids := self.threads(prefix)):
            if self.process.poll() is not None:
                self.fail("ended at its start")
            if time.monotonic() > give_up:
                self.fail(f"has no thread \"{prefix}\"")
            time.sleep(0.01)
        self.tids[prefix] = tids

    def tids_of(self, *prefixes):
        for prefix in prefixes:
            if prefix not in self.tids:
                self.await_thread(prefix)
        return [tid for prefix in prefixes for tid in self.tids[prefix]]

    def cpu_us(self, *prefixes):
        """CPU time of the threads with these prefixes (default: those that perform
        reads); exact while they sleep."""
        try:
            return sum(int(read_line(f"/proc/{self.process.pid}/task/{tid}/schedstat").split()[0])
                       for tid in self.tids_of(*prefixes or self.readers)) / 1000
        except OSError:
            self.fail("is gone")

    def total_cpu_us(self):
        """CPU time of all its threads."""
        # The kernel's id of a process's CPU clock
        return time.clock_gettime((~self.process.pid << 3) | 2) * 1e6

    def is_reading(self):
        lines = [read_line(f"/proc/{self.process.pid}/task/{tid}/stat")
                 for tid in self.tids_of(*self.readers)]
        return any(line.rpartition(")")[2].split()[0] != "S" for line in lines)

    def rss_bytes(self):
        for line in open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii"):
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
        return self.fail("has no smaps_rollup")

    def events_lost(self):
        """The number of process events that the kernel has dropped because the
        buffers of collectd's sockets were full. Their port contains its pid."""
        lost = 0
        with open("/proc/net/netlink", encoding="ascii") as file:
            columns = file.readline().split()
            for line in file:
                values = dict(zip(columns, line.split()))
                if (int(values["Eth"]) == NETLINK_CONNECTOR
                        and int(values["Pid"]) % PID_LIMIT == self.process.pid):
                    lost += int(values["Drops"])
        return lost

    # --- What it dispatches ---

    def rows(self, identity):
        """(time, first value) of the values dispatched for an identity such as
        "taskstats/count-processes"."""
        rows = []
        for path in glob.glob(f"{self.directory}/csv/localhost/{identity}-20*"):
            with open(path, encoding="ascii") as file:
                for line in file.readlines()[1:]:
                    fields = line.rstrip("\n").split(",")
                    if line.endswith("\n"):
                        rows.append((float(fields[0]), float(fields[1])))
        return sorted(rows)

    def value(self, identity):
        rows = self.rows(identity)
        return rows[-1][1] if rows else 0.0

    def values_of_a_read(self):
        """The number of values, of any type, that a read dispatches."""
        return len(glob.glob(f"{self.directory}/csv/localhost/*/*-20*"))

    def await_reads(self, reads, limit_s=60):
        """Waits until this many reads that started after now have dispatched."""
        since = time.time()
        give_up = since + limit_s + reads * self.interval
        while sum(row[0] > since for row in self.rows("taskstats/count-processes")) <= reads:
            if time.time() > give_up or self.process.poll() is not None:
                self.fail("does not read")
            time.sleep(0.02)
