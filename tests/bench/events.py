# SPDX-License-Identifier: MIT
"""The cost of process events: in storms, in which the processes and threads stay, so
that there are no other events; and for jobs one at a time, each with everything that it
causes: its fork, its exec, after which its command line is read, and its end."""

import time

import losses
import machine
from collectd import Collectd
from crowd import Crowd
from least import Least
from storm import Storm
from table import Goal, Row, Spread

ROUNDS = 5
LISTENER = "taskstats exits"
READS = "taskstats/count-processes"
INTERVAL = 4
TRIES = 4
# The maximum time that an event waits in a socket that does not wake the listener.
LINGER_S = 1.2

# Number, and rate per second (0: as fast as possible)
FORKS = (8000, 8000)
EXECS = (2000, 0)
THREADS = (10000, 20000)
JOBS = (150, 50)
YARDSTICKS = 100  # processes that the yardstick queries

EVENT_LIMIT = 0.9  # us
JOB_LIMIT = 60

SENDERS = 50  # processes that change their names
LOSS_INTERVAL = 0.5

WHOSE = {"an untracked process": "^taskstats-none",
         "a member": f"^({Storm.NAME}|{Storm.JOB})"}


def stanza(expression):
    return f'<Group "bench">\n  CommandLine "{expression}"\n</Group>'


class Listener:
    """Measures the thread of a collectd that receives events."""

    def __init__(self, collectd):
        self.collectd = collectd
        collectd.start()
        # Until then, short-lived threads have the name of the listener, too.
        collectd.await_reads(0)

    def _act(self, act):
        """Returns what act returns, the CPU time in us that the listener uses from the
        start of act until it has handled all events, and that period in seconds. The
        period is between two reads, because reads handle events, too."""
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
        """us of the listener per second, without a storm"""
        _, used, seconds = self._act(lambda: None)
        return used / seconds

    def storm(self, send, count, rate, quiet):
        """us of the listener per event, and the events per second."""
        reached, used, seconds = self._act(lambda: send(count, rate))
        return (used - quiet * seconds) / count, reached

    def jobs(self, storm, count, rate):
        """us of collectd per job, from the difference between an interval with jobs and
        one without; and the jobs per second."""
        self.collectd.await_reads(0)
        begin = self.collectd.total_cpu_us()
        self.collectd.await_reads(0)
        quiet = self.collectd.total_cpu_us()
        reached = storm.jobs(count, rate)
        self.collectd.await_reads(0)
        return (self.collectd.total_cpu_us() - 2 * quiet + begin) / count, reached


def round_of(listener, storm, crowd):
    """{what: (us, rate per second)}; for the yardstick, us"""
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


def least_row():
    count, rate = EXECS
    costs = []
    with Least("execs") as least, Storm() as storm:
        for _ in range(ROUNDS):
            storm.forks(count, rate)
            costs.append(least.cost_us(lambda: storm.execs(count, rate), count))
            storm.end()
    cost, reached = (Spread(values) for values in zip(*costs))
    return Row("events", "… for a listener that only reads the command line",
               f"{count:,} execs at once, {reached} a second", cost, "µs")


def loss_row():
    """Uses changes of names, because no machine creates enough processes. Like an exec,
    each causes an event after which the process is read."""
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
    say(f"execs, {ROUNDS} times, without the plugin")
    rows.append(least_row())
    say("storms of changed names")
    return [*rows, loss_row()]
