# SPDX-License-Identifier: MIT
"""The least that a listener has to do; see listener.c."""

import time

from worker import Worker

LINGER_S = 0.5  # for what has arrived last


class Least(Worker):
    """Reads the command line at each exec event (execs), or receives the exit records
    (records)."""

    program = None  # the path of the built listener

    def __init__(self, what):
        super().__init__([self.program, what])

    def cost_us(self, act, count):
        """CPU time in us per process of a storm, and the rate per second that act
        achieves."""
        before = self.ask("cpu")
        reached = act()
        time.sleep(LINGER_S)
        return (self.ask("cpu") - before) / 1000 / count, reached
