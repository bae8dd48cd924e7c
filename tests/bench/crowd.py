# SPDX-License-Identifier: MIT
"""Many processes that sleep, run and end on demand; see crowd.c."""

import subprocess


class Crowd:
    """count processes of so many threads, with command names like name, and with
    these arguments in their command lines, too."""

    program = None  # the path of the built crowd

    def __init__(self, name, count, threads=1, names=1, arguments=()):
        self.count = count
        command = [self.program, "--threads", threads, "--names", names, name, count,
                   *arguments]
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._take("ready")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.end()

    def tell(self, command):
        """Says what is to be done, without waiting for the answer."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def _take(self, word):
        line = self.process.stdout.readline().split()
        if len(line) != 2 or line[0] != word:
            raise SystemExit("bench: " + (self.process.stderr.read().strip()
                                          or "the crowd is gone"))
        return int(line[1])

    def _ask(self, command):
        self.tell(command)
        return self._take(command.split()[0])

    def wake(self, third=None):
        return self._ask("wake" if third is None else f"wake {third}")

    def yardstick_us(self):
        """Microseconds of CPU that the kernel itself needs, a process."""
        return self._ask("yardstick") / 1000 / self.count

    def listing_us(self):
        """Microseconds of CPU that listing /proc takes, in all."""
        return self._ask("listing") / 1000

    def exits(self, count, rate):
        """Ends so many; returns how many a second these were."""
        return count / (self._ask(f"exits {count} {rate}") / 1e9)

    def churn(self, count, rate):
        """Begins to make and end processes; await_churn waits for the last."""
        self.tell(f"churn {count} {rate}")

    def await_churn(self):
        return self._take("churn")

    def end(self):
        """All end, and are gone when this returns."""
        if self.process.poll() is None:
            try:
                self.process.communicate("quit\n", timeout=120)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
