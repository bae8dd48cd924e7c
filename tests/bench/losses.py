# SPDX-License-Identifier: MIT
"""The maximum rate without loss. storm is a function that causes records or events at a
rate per second (0: as fast as possible), and returns the achieved rate and the number
of lost ones."""

from table import Goal, Row, Spread

ROUNDS = 5
# The achieved rate is slightly lower than the requested one.
RATES = (5000, 10000, 20000, 30000, 41000, 50000, 60000, 80000, 120000, 0)
MOST_SENT = 200000  # in a storm at maximum rate
GOAL_RATE = 40000
DEFAULT_BUFFER = 8388608


def first_loss(storm):
    """The index in RATES of the first storm with losses, and a description of these. If
    there is none, the index after that of the fastest possible storm, and None."""
    best = 0
    for place, rate in enumerate(RATES):
        reached, lost = storm(rate)
        if lost > 0:
            return place, f"{lost:,.0f} lost at {reached:,.0f} a second"
        if place > 0 and reached < 1.02 * best:
            return place + 1, None  # this machine can send no faster
        best = reached
    return len(RATES), None


def loss_free(storm):
    """Spread of the achieved rates at the highest rate at which all ROUNDS storms are
    without loss, and a description of the losses at the next higher rate."""
    place, beyond = first_loss(storm)
    while place > 0:
        place -= 1
        reached = []
        for _ in range(ROUNDS):
            rate, lost = storm(RATES[place])
            if lost > 0:
                beyond = f"{lost:,.0f} lost at {rate:,.0f} a second"
                break
            reached.append(rate)
        else:
            return Spread(reached), beyond
    return None, beyond


def loss_row(part, what, buffer, storm, sent):
    """sent describes what the storms consist of."""
    reached, beyond = loss_free(storm)
    size = f"WatchBuffer {buffer}" + (", the default" if buffer == DEFAULT_BUFFER else "")
    if reached is None:
        return Row(part, what, size, None, "", note=f"none without loss: {beyond}")
    goals = []
    if buffer == DEFAULT_BUFFER:
        goals = [Goal(f"≥ {GOAL_RATE:,} a second", reached.median, GOAL_RATE, at_least=True)]
    return Row(part, what, size, reached, "a second", goals=goals,
               note=beyond or f"no loss at all that this machine can send: {sent}")
