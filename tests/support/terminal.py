#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a program on a terminal of COLUMNS and ROWS, as a user would.

    terminal.py COLUMNS ROWS PROGRAM ARGUMENT...

Standard input contains commands, one per line:

    await TEXT       waits until TEXT is on the screen
    gone TEXT        waits until TEXT is not on the screen
    send KEYS        types KEYS, with Python's escapes, such as \\x1b
    resize COLUMNS ROWS
    signal NAME      sends a signal to the program
    go-on            waits until the program has stopped, checks that the terminal
                     is restored, and continues the program
    run COMMAND      runs a shell command
    show             prints the screen at the end of a frame
    raw TEXT         checks that TEXT, with Python's escapes, was sent to the terminal
    never TEXT       checks that it was not
    end [STATUS]     waits until the program ends, and checks its exit status (0) and
                     that the terminal is restored

If a wait takes longer than a minute, it fails and prints the screen.
"""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

PATIENCE = 60
FRAME_END = b"\x1b[J"
SEQUENCE = re.compile(rb"\x1b\[([?0-9;]*)([A-Za-z])")


class Screen:
    def __init__(self, columns, rows):
        self.resize(columns, rows)
        self.raw = b""
        self.pending = b""
        self.cursor_shown = True

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines = [[" "] * columns for _ in range(rows)]
        self.x = self.y = 0

    def feed(self, data):
        self.raw += data
        data = self.pending + data
        self.pending = b""
        while data:
            if data[:1] != b"\x1b":
                self.put(chr(data[0]))
                data = data[1:]
                continue
            match = SEQUENCE.match(data)
            if match is None:
                self.pending = data
                return
            self.steer(match[1].decode(), match[2].decode())
            data = data[match.end():]

    def put(self, char):
        if char == "\n":
            if self.y == self.rows - 1:
                self.lines = self.lines[1:] + [[" "] * self.columns]
            else:
                self.y += 1
        elif char == "\r":
            self.x = 0
        elif self.x < self.columns:
            self.lines[self.y][self.x] = char
            self.x += 1

    def steer(self, parameters, letter):
        blank = [" "] * self.columns
        if letter == "A":
            self.y = max(0, self.y - int(parameters or 1))
        elif letter == "H":
            self.x = self.y = 0
        elif letter == "K":
            self.lines[self.y][self.x:] = blank[self.x:]
        elif letter == "J":
            below = 0 if parameters == "2" else self.y + 1
            if parameters != "2":
                self.lines[self.y][self.x:] = blank[self.x:]
            for y in range(below, self.rows):
                self.lines[y] = list(blank)
        elif letter in "hl" and parameters == "?25":
            self.cursor_shown = letter == "h"
        elif letter != "m":
            sys.exit(f"terminal.py: ESC[{parameters}{letter} is not known here")

    def text(self):
        return "\n".join("".join(line).rstrip() for line in self.lines).rstrip()


class Terminal:
    def __init__(self, columns, rows, command):
        self.screen = Screen(columns, rows)
        self.master, self.slave = pty.openpty()
        self.set_size(columns, rows)
        self.before = termios.tcgetattr(self.slave)
        self.status = None
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.closerange(3, 64)
            os.execvp(command[0], command)

    def set_size(self, columns, rows):
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, size)

    def fail(self, why):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
        sys.exit(f"terminal.py: {why}; the screen is:\n{self.screen.text()}")

    def take(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            self.screen.feed(os.read(self.master, 65536))

    def wait_until(self, condition, what):
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                self.fail(f"{what} in vain")
            self.take(0.05)

    def check_restored(self):
        if termios.tcgetattr(self.slave) != self.before:
            self.fail("the terminal's modes are not as they were")
        self.take(0.2)
        self.wait_until(lambda: self.screen.cursor_shown, "awaited the cursor")

    def poll(self, options):
        pid, status = os.waitpid(self.pid, options)
        return pid != 0, status

    def has_stopped(self):
        changed, status = self.poll(os.WNOHANG | os.WUNTRACED)
        if changed and not os.WIFSTOPPED(status):
            self.status = status
            self.fail("it has ended")
        return changed

    def has_ended(self):
        changed, status = self.poll(os.WNOHANG)
        if changed:
            self.status = status
        return changed

    def do(self, command, argument):
        text = codecs.decode(argument, "unicode_escape")
        screen = self.screen
        if command == "await":
            self.wait_until(lambda: argument in screen.text(), f"awaited {argument!r}")
        elif command == "gone":
            self.wait_until(lambda: argument not in screen.text(), f"awaited the end of {argument!r}")
        elif command == "send":
            os.write(self.master, text.encode())
        elif command == "resize":
            columns, rows = map(int, argument.split())
            screen.resize(columns, rows)
            self.set_size(columns, rows)
        elif command == "signal":
            os.kill(self.pid, signal.Signals["SIG" + argument])
        elif command == "go-on":
            self.wait_until(self.has_stopped, "awaited its stop")
            self.check_restored()
            os.kill(self.pid, signal.SIGCONT)
        elif command == "run":
            subprocess.run(argument, shell=True, check=True)
        elif command == "show":
            self.wait_until(lambda: screen.raw.endswith(FRAME_END), "awaited the end of a frame")
            print(screen.text(), flush=True)
        elif command in ("raw", "never"):
            if (text.encode() in screen.raw) != (command == "raw"):
                self.fail(f"{argument!r} was {'not ' if command == 'raw' else ''}sent")
        elif command == "end":
            self.wait_until(self.has_ended, "awaited its end")
            self.check_restored()
            wanted = int(argument or 0)
            if os.waitstatus_to_exitcode(self.status) != wanted:
                self.fail(f"it ended by {os.waitstatus_to_exitcode(self.status)}")
        else:
            self.fail(f"what is {command!r}?")


def main():
    terminal = Terminal(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        if command:
            terminal.do(command, argument)
    if terminal.status is None:
        terminal.fail("its end was not awaited")


main()
