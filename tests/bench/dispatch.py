# SPDX-License-Identifier: MIT
"""What a value costs the reader on its way to collectd: groups that have no
members, so that there is nothing else to do. The value of one more group is what
a read costs more than with one group, by the values that there are more."""

import statistics

from collectd import Collectd
from rounds import Stage
from table import Row, Spread

GROUPS = (1, 100, 1000)
ROUNDS = 7
INTERVAL = 2


def stanzas(groups):
    return "\n".join(f'Process "taskstats-no{i}"' for i in range(groups))


def read_costs(groups):
    """{plugin: (values in a read, us of each read)}"""
    collectds = {name: Collectd(name, stanzas(groups), INTERVAL)
                 for name in ("taskstats", "processes")}
    with Stage(collectds, INTERVAL) as stage:
        rounds = stage.rounds(ROUNDS)
        return {name: (collectd.values_of_a_read(), [r[name] for r in rounds])
                for name, collectd in collectds.items()}


def per_value(few, many):
    """Spread of us, of what there is more."""
    base = statistics.median(few[1]) if few is not None else 0
    values = many[0] - (few[0] if few is not None else 0)
    return Spread((us - base) / values for us in many[1])


def dispatch(say):
    rows, few = [], {"taskstats": None, "processes": None}
    for groups in GROUPS:
        say(f"groups without members: {groups:,}")
        costs = read_costs(groups)
        us = {name: per_value(few[name], cost) for name, cost in costs.items()}
        what = "a value of one more group" if groups > 1 else "a value, by the whole read"
        size = f"{groups:,} group{'s' if groups > 1 else ''}, {costs['taskstats'][0]:,} values"
        rows.append(Row("dispatch", what, size, us["taskstats"], "µs",
                        processes=us["processes"].over(us["taskstats"])))
        if groups == GROUPS[0]:
            few = costs
    return rows
