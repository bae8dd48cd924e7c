# SPDX-License-Identifier: MIT
"""The least that a listener has to do; see listener.c."""

import time

from worker import Worker

LINGER_S = 3  # at most, until the last messages arrive


class Least(Worker):
    """Reads the command line at each exec event (execs), or receives the exit records
    (records)."""

    program = None  # the path of the built listener

    def __init__(self, what):
        super().__init__([self.program, what])

    def cost_us(self, act, count):
        """CPU time in us per exec or exit of a storm, and the rate per second that act
        achieves. Fails if the listener has missed some."""
        before, had = self.ask("cpu"), self.ask("count")
        reached = act()
        give_up = time.monotonic() + LINGER_S
        while (got := self.ask("count") - had) < count and time.monotonic() < give_up:
            time.sleep(0.1)
        used = self.ask("cpu") - before
        if got < count:
            raise SystemExit(f"bench: the listener that does the least had {got:,} of {count:,}")
        return used / 1000 / count, reached
