# SPDX-License-Identifier: MIT
"""The reader's cost of dispatching a value. The groups have no members, so that there
is no other work. The cost per value is the difference between a read with many groups
and one with a single group in the same round, divided by the number of additional
values."""

from collectd import Collectd
from rounds import Stage
from table import Row, Spread

GROUPS = (100, 1000)
ROUNDS = 7
INTERVAL = 2
PLUGINS = ("taskstats", "processes")


def stanzas(groups):
    return "\n".join(f'Process "taskstats-no{i}"' for i in range(groups))


def read_costs(groups):
    """{(plugin, groups): (values per read, us of each read)}, also for one group"""
    collectds = {(plugin, count): Collectd(plugin, stanzas(count), INTERVAL)
                 for plugin in PLUGINS for count in (1, groups)}
    with Stage(collectds, INTERVAL) as stage:
        rounds = stage.rounds(ROUNDS)
        return {name: (collectd.values_of_a_read(), [r[name] for r in rounds])
                for name, collectd in collectds.items()}


def per_value(few, many):
    """Spread of us per additional value."""
    values = many[0] - few[0]
    return Spread((more - less) / values for less, more in zip(few[1], many[1]))


def row(what, groups, values, us):
    return Row("dispatch", what, f"{groups:,} groups, {values:,} values" if groups > 1 else
               f"1 group, {values} values", us["taskstats"], "µs",
               processes=us["processes"].over(us["taskstats"]))


def dispatch(say):
    rows = []
    for groups in GROUPS:
        say(f"1 and {groups:,} groups without members")
        costs = read_costs(groups)
        if not rows:
            whole = {name: per_value((0, [0] * ROUNDS), costs[name, 1]) for name in PLUGINS}
            rows.append(row("a value, by the whole read", 1, costs["taskstats", 1][0], whole))
        us = {name: per_value(costs[name, 1], costs[name, groups]) for name in PLUGINS}
        rows.append(row("a value of one more group", groups, costs["taskstats", groups][0], us))
    return rows
