# SPDX-License-Identifier: MIT
"""Many processes that sleep, run and end on demand; see crowd.c."""

from worker import Worker


class Crowd(Worker):
    """count processes of so many threads, with command names like name, and with
    these arguments in their command lines, too."""

    program = None  # the path of the built crowd

    def __init__(self, name, count, threads=1, names=1, arguments=()):
        self.count = count
        super().__init__([self.program, "--threads", threads, "--names", names, name, count,
                          *arguments])

    def wake(self, third=None):
        return self.ask("wake" if third is None else f"wake {third}")

    def yardstick_us(self):
        """Microseconds of CPU that the kernel itself needs, a process."""
        return self.ask("yardstick") / 1000 / self.count

    def clocks_us(self):
        """Microseconds of CPU to read a process's CPU clock."""
        return self.ask("clocks") / 1000 / self.count

    def listing_us(self):
        """Microseconds of CPU that listing /proc takes, in all."""
        return self.ask("listing") / 1000

    def exits(self, count, rate):
        """Ends so many; returns how many a second these were."""
        return count / (self.ask(f"exits {count} {rate}") / 1e9)

    def churn(self, count, rate):
        """Begins to make and end processes; await_churn waits for the last."""
        self.tell(f"churn {count} {rate}")

    def await_churn(self):
        return self.take("churn")
