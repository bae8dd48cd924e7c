# SPDX-License-Identifier: MIT
"""The machine: its description and its limits."""

import os
import platform
import resource
import subprocess
import time

# The kernel's memory for a process of the crowd (stack, page tables, procfs entries),
# with a reserve for the programs that read it.
PROCESS_BYTES = 120 * 1024
SPARE_PROCESSES = 2000


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError:
        return ""


def cpu_model():
    for line in read("/proc/cpuinfo").splitlines():
        if line.startswith(("model name", "Model", "cpu model")):
            return line.partition(":")[2].strip()
    return platform.machine()


def package_version(package):
    query = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package],
                           capture_output=True, text=True, check=False)
    return query.stdout or "not from a package"


def memory_bytes(key):
    for line in read("/proc/meminfo").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    return 0


def most_files():
    """The hard limit on descriptors."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]


def most_kept():
    """The number of members whose two files the plugin can keep open: it uses half of
    the descriptors above 1,024."""
    return max(0, most_files() - 1024) // 4


def facts():
    cores = len(os.sched_getaffinity(0))
    return {
        "machine": f"{cpu_model()}, {cores} cores, "
                   f"{memory_bytes('MemTotal') / 2**30:.0f} GiB of memory",
        "kernel": f"Linux {platform.release()}, kernel.task_delayacct "
                  f"{read('/proc/sys/kernel/task_delayacct') or 'unknown'}",
        "descriptors": f"collectd may open 1,024 files, and {most_files():,} if it asks for "
                       f"more: enough for those of {most_kept():,} members",
        "against": f"collectd {package_version('collectd-core')} and its processes plugin, "
                   f"prometheus-process-exporter {package_version('prometheus-process-exporter')}, "
                   "each with its defaults",
        "beside the bench": f"{sum(name.isdigit() for name in os.listdir('/proc'))} processes",
        "date": time.strftime("%Y-%m-%d"),
    }


def cgroup_limit():
    """The lowest pids.max of this cgroup and its ancestors; a large number if none."""
    least = 1 << 30
    for line in read("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root = "/sys/fs/cgroup"
        elif "pids" in controllers.split(","):
            root = "/sys/fs/cgroup/pids"
        else:
            continue
        while True:
            text = read(f"{root}{path}/pids.max")
            if text.isdigit():
                least = min(least, int(text))
            if path in ("/", ""):
                break
            path = path.rpartition("/")[0]
    return least


def lacks_for(processes):
    """Why the machine cannot run this many, with the remedy; None if it can."""
    wanted = processes + SPARE_PROCESSES
    bytes_wanted = processes * PROCESS_BYTES
    for name in ("pid_max", "threads-max"):
        limit = int(read(f"/proc/sys/kernel/{name}") or 0)
        if limit < wanted:
            return f"kernel.{name} is {limit:,}; sysctl kernel.{name}={wanted}"
    if cgroup_limit() < wanted:
        return (f"pids.max of this control group is {cgroup_limit():,}; run it in another, "
                "as by systemd-run --scope -p TasksMax=infinity")
    if memory_bytes("MemAvailable") < bytes_wanted:
        return (f"it takes {bytes_wanted / 2**30:.1f} GiB of memory, and "
                f"{memory_bytes('MemAvailable') / 2**30:.1f} are free")
    return None
