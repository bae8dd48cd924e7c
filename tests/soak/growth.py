# SPDX-License-Identifier: MIT
"""Whether collectd's descriptors, threads and memory grow.

Between two rounds, collectd is at rest, and no process of a round is left: descriptors
and threads are those of an idle plugin, and memory is what the allocator keeps. Other
activity on the machine can only increase a sample, so the minimum of many samples is
what collectd really keeps. The warm-up is the first quarter of the run, but at least
two minutes. After it, the minimum of the last third must not exceed that of the first
third; for memory, by more than 512 KiB or, if that is more, 4 bytes for each process
that ended in between. malloc's smallest piece takes 32 bytes: a leak of one per eight
processes fails. In runs of fewer than twelve rounds, memory is not checked. Of PSS,
only the anonymous part is checked: the rest is collectd's share of libraries, which
grows when other users of these end."""

LEAST_KIB = 512
BYTES_A_PROCESS = 4
WARM_UP_ROUNDS = 6
LEAST_ROUNDS = 6  # after the warm-up
EXACT = ("fds", "threads")
MEMORY = ("rss_kib", "pss_anon_kib")
SHOWN = EXACT + MEMORY + ("pss_kib",)


class Growth:
    def __init__(self):
        self.samples = []  # every ten seconds, and at rest
        self.rests = []  # (figures, processes that have ended by then)

    def sample(self, figures):
        self.samples.append(figures)

    def sample_at_rest(self, figures, processes):
        self.samples.append(figures)
        self.rests.append((figures, processes))

    def thirds(self):
        """The first and the last third of the rounds after the warm-up."""
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
        """Writes each sample; one at rest has the number of processes that had
        ended."""
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
