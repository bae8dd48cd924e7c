# SPDX-License-Identifier: MIT
"""Causes many process events on demand; see storm.c."""

from worker import Worker

AT_ONCE = 16  # jobs, in a storm


class Storm(Worker):
    """The command lines of its processes contain NAME; those of its jobs, and of
    processes that have called exec, contain JOB."""

    NAME = "taskstats-storm"
    JOB = "taskstats-job"
    build = None  # the directory with storm and job

    def __init__(self):
        super().__init__([self.NAME, f"{self.build}/job"], f"{self.build}/storm")

    def _rate(self, command, count):
        """Returns the rate per second that was achieved."""
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
        """Runs jobs one after the other, or at_once at a time."""
        return self._rate(f"jobs {count} {rate} {at_once}", count)

    def end(self):
        """Ends the processes that were forked, and the threads."""
        self.ask("end")
