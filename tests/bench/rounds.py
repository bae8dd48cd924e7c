# SPDX-License-Identifier: MIT
"""Rounds: in each, every compared program reads the same processes once.

collectd reads at fixed times. The collectds of a stage are started one after
the other, so that they read one after the other in each interval:

    |<- lead ->|first reads   second   third     exporter        |
     wake, yardstick, listing                                   clocks

A collectd's reader thread does nothing between its reads, so that its CPU time from the
start of one round to the start of the next is the cost of one read.
"""

import time

LEAD = 0.15  # as a fraction of the interval
STEP = 0.12  # between two collectds' reads
POLL_S = 0.002
TRIES = 4


def sleep_until(moment):
    time.sleep(max(0.0, moment - time.monotonic()))


class Stage:
    """collectds: {name: Collectd}, with the same interval, not yet started."""

    def __init__(self, collectds, interval, exporter=None):
        self.collectds = collectds
        self.interval = interval
        self.exporter = exporter
        try:
            self.first = self._start()
        except BaseException:
            self.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()

    def stop(self):
        if self.exporter is not None:
            self.exporter.stop()
        for collectd in self.collectds.values():
            collectd.stop()

    def _start(self):
        """Returns a time at which the first one reads."""
        for _ in range(TRIES):
            begin = time.monotonic() + 0.05
            for place, collectd in enumerate(self.collectds.values()):
                sleep_until(begin + place * STEP * self.interval)
                collectd.start()
            for collectd in self.collectds.values():
                collectd.await_thread("reader#0")
            # The first read is late: it waits until all plugins are ready.
            sleep_until(begin + (STEP * len(self.collectds) + 0.2) * self.interval)
            moments = self._watch_reads()
            if self._are_even(moments):
                return moments[0]
            for collectd in self.collectds.values():
                collectd.end()
        raise SystemExit("bench: collectds do not start evenly; is this machine busy?")

    def _are_even(self, moments):
        step = STEP * self.interval
        return all(abs((moment - moments[0]) % self.interval - place * step) < 0.6 * step
                   for place, moment in enumerate(moments))

    def _watch_reads(self):
        """The time of the next read of each, in their order."""
        before = {name: c.cpu_us() for name, c in self.collectds.items()}
        moments = {}
        give_up = time.monotonic() + 3 * self.interval + 10
        while len(moments) < len(self.collectds):
            for name, collectd in self.collectds.items():
                if name not in moments and collectd.cpu_us() != before[name]:
                    moments[name] = time.monotonic()
            if time.monotonic() > give_up:
                raise SystemExit("bench: a collectd does not read")
            time.sleep(POLL_S)
        return [moments[name] for name in self.collectds]

    def _next_begin(self):
        """The next start of a round, lead before a read. It may have just passed,
        because rounds follow each other immediately."""
        lead = LEAD * self.interval
        passed = (time.monotonic() - 0.2 * lead - self.first + lead) // self.interval + 1
        return self.first - lead + passed * self.interval

    def _await_reads(self, before):
        """Waits until all have read, but not beyond this interval."""
        give_up = time.monotonic() + 0.7 * self.interval
        for name, collectd in self.collectds.items():
            while collectd.cpu_us() == before[name] or collectd.is_reading():
                if time.monotonic() > give_up:
                    return
                time.sleep(0.01)

    def _sample(self):
        return {name: c.cpu_us() for name, c in self.collectds.items()}

    def _ask_crowd(self, crowd, ran):
        if crowd is None:
            return {}
        if ran:
            crowd.wake()
        return {"yardstick": crowd.yardstick_us(), "listing": crowd.listing_us()}

    def _round(self, begin, crowd, ran):
        """The cost of one round in us, by program, and what was late, or None."""
        first_read = begin + LEAD * self.interval
        late = None
        sleep_until(begin)
        before = self._sample()
        result = self._ask_crowd(crowd, ran)
        if time.monotonic() > first_read:
            late = "the yardstick"
        sleep_until(first_read + STEP * (len(self.collectds) - 1) * self.interval)
        self._await_reads(before)
        if self.exporter is not None:
            result["exporter"] = self.exporter.scrape_us()
        if time.monotonic() > begin + self.interval:
            late = "the exporter's scrape" if self.exporter is not None else "a read"
        sleep_until(begin + self.interval)
        if any(collectd.is_reading() for collectd in self.collectds.values()):
            late = "a read"
        after = self._sample()
        if crowd is not None:
            result["clocks"] = crowd.clocks_us()
        for name in self.collectds:
            result[name] = after[name] - before[name]
        return result, late

    def rounds(self, count, crowd=None, ran=False):
        """Runs this many rounds, after one that is discarded."""
        results = []
        failed = 0
        while len(results) < count + 1:
            begin = self._next_begin()
            result, late = self._round(begin, crowd, ran)
            if late is None:
                results.append(result)
            else:
                failed += 1
                if failed > TRIES + count:
                    raise SystemExit(f"bench: {late} is not over when it should be; is this "
                                     "machine busy?")
        return results[1:]
