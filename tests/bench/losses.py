# SPDX-License-Identifier: MIT
"""How many a second can come before one is lost. storm is a function that lets so
many come a second, or as many as can be for 0, and returns what it reached and
how many were lost."""

from table import Goal, Row, Spread

ROUNDS = 5
# Those that come at a pace take a little longer than it says.
RATES = (5000, 10000, 20000, 30000, 41000, 50000, 60000, 80000, 120000, 0)
MOST_SENT = 200000  # in a storm that has no pace
GOAL_RATE = 40000
DEFAULT_BUFFER = 8388608


def first_loss(storm):
    """The place in RATES of the first storm that loses some, what that one
    reached, and what it lost; the place after the last if none does."""
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
    """Spread of what was reached by five storms without loss, at the highest rate
    that has them; and what was lost beyond."""
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
    """sent says what the storms are of."""
    reached, beyond = loss_free(storm)
    size = f"WatchBuffer {buffer}" + (", the default" if buffer == DEFAULT_BUFFER else "")
    if reached is None:
        return Row(part, what, size, None, "", note=f"none without loss: {beyond}")
    goals = []
    if buffer == DEFAULT_BUFFER:
        goals = [Goal(f"≥ {GOAL_RATE:,} a second", reached.median, GOAL_RATE, at_least=True)]
    return Row(part, what, size, reached, "a second", goals=goals,
               note=beyond or f"no loss at all that this machine can send: {sent}")
