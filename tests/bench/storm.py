# SPDX-License-Identifier: MIT
"""What process events tell of, in great number and on demand; see storm.c."""

import subprocess

AT_ONCE = 16  # jobs, in a storm


class Storm:
    """NAME is in the command line of its processes, and JOB in that of its jobs
    and of those that have called exec."""

    NAME = "taskstats-storm"
    JOB = "taskstats-job"
    build = None  # the directory with storm and job

    def __init__(self):
        self.process = subprocess.Popen(
            [self.NAME, f"{self.build}/job"],
            executable=f"{self.build}/storm",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._take("ready")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.quit()

    def _take(self, word):
        line = self.process.stdout.readline().split()
        if len(line) != 2 or line[0] != word:
            raise SystemExit("bench: storm: " + (self.process.stderr.read().strip() or "is gone"))
        return int(line[1])

    def tell(self, command):
        """Says what is to be done, without waiting for the answer."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def _rate(self, command, count):
        """How many a second it were."""
        self.tell(command)
        return count / (self._take(command.split()[0]) / 1e9)

    def forks(self, count, rate):
        return self._rate(f"forks {count} {rate}", count)

    def execs(self, count, rate):
        return self._rate(f"execs {count} {rate}", count)

    def threads(self, count, rate):
        return self._rate(f"threads {count} {rate}", count)

    def renames(self, count, rate, at_once):
        return self._rate(f"renames {count} {rate} {at_once}", count)

    def jobs(self, count, rate, at_once=1):
        """Jobs, one after the other, or so many at once."""
        return self._rate(f"jobs {count} {rate} {at_once}", count)

    def end(self):
        """Those that were forked, and the threads, end."""
        self.tell("end")
        self._take("end")

    def quit(self):
        if self.process.poll() is None:
            try:
                self.process.communicate("quit\n", timeout=120)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
