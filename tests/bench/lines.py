# SPDX-License-Identifier: MIT
"""The cost of matching processes with long command lines, which any user can start. It
is that of the first read, in which each process is matched against every expression. A
command line is as long as the part that the plugin reads, and is either realistic or
chosen to make matching slow."""

import machine
from collectd import Collectd
from crowd import Crowd
from table import Goal, Row, Spread

NAME = "taskstats-bench"
SIZE = 1000
FEW = 1
ROUNDS = 5
INTERVAL = 10  # long enough to measure the first read only
LENGTH = 128 * 1024
PARTS = 2  # the kernel does not accept a single argument of that length

WORDS = {
    "of a real program": "/usr/share/java/commons-lang3-3.12.jar:",
    "made to take long": "celery ",
}
EXPRESSIONS = (
    "celery.*worker",
    "celery( .*)?worker",
    "(.*/)?celery (.*)beat",
    "^gunicorn: (master|worker)",
    "gunicorn .*shop\\\\.wsgi",
    "^nginx: worker process",
    "^php-fpm: pool ([^ ]+)$",
    "^postgres: .*: checkpointer",
    "postgres -D /var/lib/postgresql/([0-9]+)/",
    "^sshd: ([a-z_][a-z0-9_-]*) ",
    "^/usr/sbin/cron( |$)",
    "org\\\\.elasticsearch\\\\.bootstrap\\\\.Elasticsearch",
    "java .*QuorumPeerMain",
    "java .*-jar .*/jenkins\\\\.war",
    "containerd-shim.* -id ([0-9a-f]+)",
    "^redis-server .*:([0-9]+)",
    "(mysqld|mariadbd)( |$)",
    "/(apache2|httpd) -[kD]",
    "haproxy .*-f ([^ ]+)",
    "puma: cluster worker ([0-9]+):",
)


def first_read_s(word, count):
    """CPU seconds of a first read with this many processes."""
    argument = word * (LENGTH // PARTS // len(word))
    stanzas = "\n".join(f'ProcessMatch "group{i}" "{expression}"'
                        for i, expression in enumerate(EXPRESSIONS))
    with Crowd(NAME, count, arguments=[argument] * PARTS), \
         Collectd("taskstats", stanzas, INTERVAL) as collectd:
        collectd.start()
        collectd.await_reads(0)
        return collectd.cpu_us() / 1e6


def line_row(what, word):
    base = Spread(first_read_s(word, FEW) for _ in range(ROUNDS)).median
    cost = Spread(first_read_s(word, SIZE) - base for _ in range(ROUNDS))
    return Row("lines", f"a read that matches command lines {what}",
               f"{SIZE:,} processes, {LENGTH // 1024} KiB each, {len(EXPRESSIONS)} expressions",
               cost, "s", goals=[Goal("≤ 2 s", cost.median, 2)])


def lines(say):
    lack = machine.lacks_for(SIZE)
    if lack:
        return [Row("lines", "a read that matches long command lines", f"{SIZE:,} processes",
                    None, "", note=f"not measured: {lack}")]
    rows = []
    for what, word in WORDS.items():
        say(f"{SIZE:,} processes with command lines {what}")
        rows.append(line_row(what, word))
    return rows
