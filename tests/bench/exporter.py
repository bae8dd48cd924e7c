# SPDX-License-Identifier: MIT
"""prometheus-process-exporter with its default options, and what a scrape costs."""

import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

PROGRAM = "/usr/bin/prometheus-process-exporter"

CONFIG = """\
process_names:
  - name: "{{{{.Comm}}}}"
    comm:
      - {name}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Exporter:
    """Reports the processes whose command name is name."""

    def __init__(self, name):
        port = free_port()
        self.address = f"http://127.0.0.1:{port}/metrics"
        self.config = tempfile.NamedTemporaryFile("w", suffix=".yml", prefix="taskstats-bench.")
        self.config.write(CONFIG.format(name=name))
        self.config.flush()
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", PROGRAM, "-config.path", self.config.name,
             f"-web.listen-address=127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._await_start()

    def _await_start(self):
        give_up = time.monotonic() + 20
        while True:
            try:
                self.scrape_us()
                return
            except urllib.error.URLError:
                if self.process.poll() is not None or time.monotonic() > give_up:
                    raise SystemExit("bench: prometheus-process-exporter does not start")
                time.sleep(0.05)

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.config.close()

    def _cpu_us(self):
        # The kernel's id of a process's CPU clock
        return time.clock_gettime((~self.process.pid << 3) | 2) * 1e6

    def scrape_us(self):
        """CPU time of the whole process for one scrape."""
        before = self._cpu_us()
        with urllib.request.urlopen(self.address, timeout=60) as answer:
            answer.read()
        return self._cpu_us() - before
