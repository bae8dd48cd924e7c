# SPDX-License-Identifier: MIT
"""What process events cost: in a storm, in which they are of processes and threads
that stay, so that there are no others; and jobs that come alone, each with all
that it takes: its fork, its exec, at which its command line is read, and its end."""

import time

import losses
import machine
from collectd import Collectd
from crowd import Crowd
from storm import Storm
from table import Goal, Row, Spread

ROUNDS = 5
LISTENER = "taskstats exits"
READS = "taskstats/count-processes"
INTERVAL = 4
TRIES = 4
# How long an event may lie in its socket that wakes nobody.
LINGER_S = 1.2

# How many, and how many a second
FORKS = (8000, 8000)
EXECS = (2000, 0)
THREADS = (10000, 20000)
JOBS = (150, 50)
YARDSTICKS = 100  # processes that a yardstick is laid on

EVENT_LIMIT = 0.9  # us
JOB_LIMIT = 60

SENDERS = 50  # processes that take other names
LOSS_INTERVAL = 0.5

WHOSE = {"an untracked process": "^taskstats-none",
         "a member": f"^({Storm.NAME}|{Storm.JOB})"}


def stanza(expression):
    return f'<Group "bench">\n  CommandLine "{expression}"\n</Group>'


class Listener:
    """A collectd, of which the thread that takes events is looked at."""

    def __init__(self, collectd):
        self.collectd = collectd
        collectd.start()
        # Before, short-lived threads have the name of the listener, too.
        collectd.await_reads(0)

    def _act(self, act):
        """What act returns, us that the listener uses from its begin until what it
        leaves is taken, and how many seconds that is; between two reads, which
        take events, too."""
        for _ in range(TRIES):
            self.collectd.await_reads(0)
            reads = len(self.collectd.rows(READS))
            begin, before = time.monotonic(), self.collectd.cpu_us(LISTENER)
            result = act()
            time.sleep(LINGER_S)
            used, seconds = self.collectd.cpu_us(LISTENER) - before, time.monotonic() - begin
            if len(self.collectd.rows(READS)) == reads:
                return result, used, seconds
        raise SystemExit("bench: a storm takes longer than an interval; is this machine busy?")

    def quiet(self):
        """us of the listener each second, without a storm"""
        _, used, seconds = self._act(lambda: None)
        return used / seconds

    def storm(self, send, count, rate, quiet):
        """us of the listener for each event, and how many a second these were."""
        reached, used, seconds = self._act(lambda: send(count, rate))
        return (used - quiet * seconds) / count, reached

    def jobs(self, storm, count, rate):
        """us of all collectd for each job, that is, what an interval with them takes
        more than one without; and how many a second these were."""
        self.collectd.await_reads(0)
        begin = self.collectd.total_cpu_us()
        self.collectd.await_reads(0)
        quiet = self.collectd.total_cpu_us()
        reached = storm.jobs(count, rate)
        self.collectd.await_reads(0)
        return (self.collectd.total_cpu_us() - 2 * quiet + begin) / count, reached


def round_of(listener, storm, crowd):
    """{what: (us, how many a second)}; of the yardstick, us"""
    quiet = listener.quiet()
    found = {"yardstick": crowd.yardstick_us(),
             "fork": listener.storm(storm.forks, *FORKS, quiet),
             "exec": listener.storm(storm.execs, *EXECS, quiet),
             "thread": listener.storm(storm.threads, *THREADS, quiet)}
    storm.end()
    found["job"] = listener.jobs(storm, *JOBS)
    return found


def row(rounds, what, name, size, limit=None, note=None):
    cost, reached = (Spread(found[what][i] for found in rounds) for i in (0, 1))
    yardstick = Spread(found["yardstick"] for found in rounds)
    return Row("events", name, f"{size}, {reached} a second", cost, "µs", cost.over(yardstick),
               goals=[Goal(f"≤ {limit} µs", cost.median, limit)] if limit else [], note=note)


def cost_rows(whose):
    is_member = whose == "a member"
    with Collectd("taskstats", stanza(WHOSE[whose]), INTERVAL) as collectd, \
         Crowd("taskstats-quiet", YARDSTICKS) as crowd, Storm() as storm:
        listener = Listener(collectd)
        rounds = [round_of(listener, storm, crowd) for _ in range(ROUNDS)]
        lost = collectd.events_lost()
    note = f"{lost:,} events lost" if lost else None
    limit = None if is_member else EVENT_LIMIT
    return [row(rounds, "fork", f"fork event of {whose}", f"{FORKS[0]:,} forks", limit, note),
            row(rounds, "thread", f"new thread of {whose}", f"{THREADS[0]:,} threads", EVENT_LIMIT),
            row(rounds, "exec", f"exec event of {whose}, whose command line is read",
                f"{EXECS[0]:,} execs at once"),
            row(rounds, "job", f"job that comes alone, {whose}", f"{JOBS[0]} jobs of 5 ms",
                JOB_LIMIT)]


def loss_row():
    """Names are changed, since no machine makes so many processes; each is an event
    as an exec is, at which the process is looked at."""
    with Collectd("taskstats", stanza("^taskstats-none"), LOSS_INTERVAL) as collectd, \
         Storm() as storm:
        collectd.start()
        collectd.await_reads(1)

        def send(rate):
            lost = collectd.events_lost()
            reached = storm.renames(rate or losses.MOST_SENT, rate, SENDERS)
            return reached, collectd.events_lost() - lost

        return losses.loss_row("events", "events without loss", losses.DEFAULT_BUFFER, send,
                               f"names that {SENDERS} processes change")


def events(say):
    lack = machine.lacks_for(FORKS[0] + THREADS[0])
    if lack:
        return [Row("events", "process events", f"{FORKS[0]:,} processes", None, "",
                    note=f"not measured: {lack}")]
    rows = []
    for whose in WHOSE:
        say(f"forks, execs, threads and jobs, {ROUNDS} times, each process as {whose}")
        rows += cost_rows(whose)
    say("storms of changed names")
    return [*rows, loss_row()]
