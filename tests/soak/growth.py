# SPDX-License-Identifier: MIT
"""What collectd has, and whether that grows.

At rest, between two rounds, no process of a round is left: descriptors and threads are
those of a plugin that has nothing to do, and memory is what the allocator keeps. What
others do on the machine can only add to a sample, so the least of many samples is what
collectd really keeps. After the warm-up, which is the first quarter but no less than two
minutes, the least of the last third may not exceed that of the first: not at all for
descriptors and threads; by 512 KiB for memory, or by 4 bytes for each process that ended
in between, if that is more. malloc's smallest piece takes 32: a leak of one for every
eighth process fails. A run of less than five minutes says nothing about memory. Of PSS it
is the anonymous part that counts: the rest is collectd's share of libraries, which grows
when others that use them end."""

LEAST_KIB = 512
BYTES_A_PROCESS = 4
WARM_UP_ROUNDS = 6
LEAST_ROUNDS = 6  # after that
EXACT = ("fds", "threads")
MEMORY = ("rss_kib", "pss_anon_kib")
SHOWN = EXACT + MEMORY + ("pss_kib",)


class Growth:
    def __init__(self):
        self.samples = []  # each ten seconds
        self.rests = []  # (figures, processes that have ended by then)

    def sample(self, figures):
        self.samples.append(figures)

    def sample_at_rest(self, figures, processes):
        self.samples.append(figures)
        self.rests.append((figures, processes))

    def thirds(self):
        """The first and the last third of what follows the warm-up."""
        after = self.rests[max(WARM_UP_ROUNDS, len(self.rests) // 4):]
        if len(after) < LEAST_ROUNDS:
            after = self.rests
        length = max(1, len(after) // 3)
        return after[:length], after[-length:]

    def judged(self):
        is_long = len(self.rests) >= WARM_UP_ROUNDS + LEAST_ROUNDS
        return EXACT + MEMORY if is_long else EXACT

    def allowed_kib(self):
        first, last = self.thirds()
        processes = last[-1][1] - first[0][1]
        return max(LEAST_KIB, processes * BYTES_A_PROCESS // 1024)

    @staticmethod
    def least(rests, key):
        return min(figures[key] for figures, _ in rests)

    def faults(self):
        first, last = self.thirds()
        found = []
        for key in self.judged():
            before, after = self.least(first, key), self.least(last, key)
            most = before + (self.allowed_kib() if key in MEMORY else 0)
            if after > most:
                found.append(f"{key} grew from {before} to {after}, beyond {most}")
        return found

    def write(self, path):
        """Each sample, with how many processes had ended; none: not at rest."""
        ended = {id(figures): processes for figures, processes in self.rests}
        with open(path, "w", encoding="ascii") as file:
            print(*SHOWN, "ended", sep=",", file=file)
            for figures in self.samples:
                print(*(figures[key] for key in SHOWN), ended.get(id(figures), ""), sep=",",
                      file=file)

    def summary(self):
        first, last = self.thirds()
        lines = [f"{len(self.samples)} samples, {len(self.rests)} of them at rest"]
        for key in SHOWN:
            values = [figures[key] for figures in self.samples]
            lines.append(f"{key}: {self.least(first, key)} -> {self.least(last, key)} at rest, "
                         f"{min(values)} to {max(values)} in all")
        lines.append(f"memory may grow by {self.allowed_kib()} KiB" if MEMORY[0] in self.judged()
                     else "too short to tell whether memory grows")
        return lines
