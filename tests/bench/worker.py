# SPDX-License-Identifier: MIT
"""A program that creates load on demand. It prints "ready", executes commands (one per
line), and answers each with the command's name and a number."""

import subprocess


class Worker:
    def __init__(self, arguments, executable=None):
        self.process = subprocess.Popen(
            [str(word) for word in arguments],
            executable=executable,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.name = arguments[0]
        self.take("ready")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.quit()

    def tell(self, command):
        """Sends a command without waiting for the answer."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()

    def take(self, word):
        """Waits for the answer to the command of this name."""
        line = self.process.stdout.readline().split()
        if len(line) != 2 or line[0] != word:
            raise SystemExit(f"bench: {self.name}: " + (self.process.stderr.read().strip()
                                                        or "is gone"))
        return int(line[1])

    def ask(self, command):
        self.tell(command)
        return self.take(command.split()[0])

    def quit(self):
        """Ends the program and everything that it created, and waits until that is
        done."""
        if self.process.poll() is None:
            try:
                self.process.communicate("quit\n", timeout=120)
            except (BrokenPipeError, subprocess.TimeoutExpired):
                self.process.kill()
                self.process.wait()
