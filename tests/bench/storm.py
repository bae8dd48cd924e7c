# SPDX-License-Identifier: MIT
"""What process events tell of, in great number and on demand; see storm.c."""

from worker import Worker

AT_ONCE = 16  # jobs, in a storm


class Storm(Worker):
    """NAME is in the command line of its processes, and JOB in that of its jobs
    and of those that have called exec."""

    NAME = "taskstats-storm"
    JOB = "taskstats-job"
    build = None  # the directory with storm and job

    def __init__(self):
        super().__init__([self.NAME, f"{self.build}/job"], f"{self.build}/storm")

    def _rate(self, command, count):
        """How many a second it were."""
        return count / (self.ask(command) / 1e9)

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
        self.ask("end")
