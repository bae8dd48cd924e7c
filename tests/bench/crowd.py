# SPDX-License-Identifier: MIT
"""Many processes that sleep, run and end on demand; see crowd.c."""

from worker import Worker


class Crowd(Worker):
    """count processes of this many threads, whose command names start with name, and
    whose command lines end with these arguments."""

    program = None  # the path of the built crowd

    def __init__(self, name, count, threads=1, names=1, arguments=()):
        self.count = count
        super().__init__([self.program, "--threads", threads, "--names", names, name, count,
                          *arguments])

    def wake(self, third=None):
        return self.ask("wake" if third is None else f"wake {third}")

    def yardstick_us(self):
        """CPU time in us per process that the kernel itself needs."""
        return self.ask("yardstick") / 1000 / self.count

    def clocks_us(self):
        """CPU time in us of reading the CPU clock of one process."""
        return self.ask("clocks") / 1000 / self.count

    def listing_us(self):
        """CPU time in us of one complete listing of /proc."""
        return self.ask("listing") / 1000

    def exits(self, count, rate):
        """Ends this many; returns the rate per second that was achieved."""
        return count / (self.ask(f"exits {count} {rate}") / 1e9)

    def churn(self, count, rate):
        """Starts creating and ending processes; await_churn waits for the last one."""
        self.tell(f"churn {count} {rate}")

    def await_churn(self):
        return self.take("churn")
