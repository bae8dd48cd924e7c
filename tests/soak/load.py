# SPDX-License-Identifier: MIT
"""The load in a round, and its ground truth.

The programs of tests/support print how their children ended and what CPU time they
used, according to wait4, and how many bytes they wrote."""

import glob
import os
import shutil
import signal
import subprocess

KINDS = ("ok", "error", "signal")
WAVES = 3
NEW_GROUPS = 5
ENDS = "exit0,exit3,kill,term,worker4,headless,headless6,_exit5"


class Program:
    """One of tests/support that works at SIGUSR1 and prints its ground truth."""

    def __init__(self, *command):
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command],
                                        stdout=subprocess.PIPE, text=True)
        self.waves = self.written = 0
        self.said = {}
        self.read_until("ready")

    def read_until(self, wanted):
        for line in self.process.stdout:
            key, _, value = line.strip().partition("=")
            self.said[key] = value
            self.written += len(line)
            if line.strip() == wanted:
                return
        raise SystemExit(f"soak: {self.process.args} ended before it said {wanted}")

    def go(self):
        """Starts the next wave, after the end of the previous one."""
        if self.waves > 0:
            self.read_until(f"done={self.waves}")
        self.waves += 1
        self.process.send_signal(signal.SIGUSR1)

    def finish(self):
        self.read_until(f"done={self.waves}")
        self.process.terminate()
        return self.wait()

    def wait(self):
        """Returns the CPU time of the program and its children in us."""
        usage = os.wait4(self.process.pid, 0)[2]
        self.process.stdout.close()
        self.process.returncode = 0
        return round((usage.ru_utime + usage.ru_stime) * 1e6)

    def kill(self):
        if self.process.returncode is None:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    def number(self, key):
        return int(self.said[key])


class Truth:
    """The ground truth of a group so far."""

    def __init__(self):
        self.ended = dict.fromkeys(KINDS, 0)
        self.cpu_us = self.bytes = 0

    def add_children(self, program):
        for kind in KINDS:
            self.ended[kind] += program.number(kind)
        self.cpu_us += program.number("cpu_us")
        self.bytes += program.number("tx_bytes")

    def add_family(self, program):
        """Adds its children and itself: it is terminated, and its output counts,
        too."""
        self.add_children(program)
        self.ended["signal"] += 1
        self.cpu_us += program.cpu_us - program.number("cpu_us")
        self.bytes += program.written

    def add(self, kind, cpu_us):
        self.ended[kind] += 1
        self.cpu_us += cpu_us

    def processes(self):
        return sum(self.ended.values())


class Load:
    def __init__(self, work):
        self.work = work
        self.programs = []
        self.restless = None
        self.truth = {name: Truth() for name in
                      ("soak-brood", "soak-storm", "line", "crowd", "run", "restless",
                       "family", "come")}
        self.come = dict.fromkeys(KINDS, 0)  # dispatched exits of discarded groups
        for program, name in (("exits", "soak-brood"), ("exits", "soak-run"),
                              ("restless", "soak-rest")):
            shutil.copy(f"{work}/{program}", f"{work}/{name}")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for program in self.programs + [self.restless]:
            if program is not None:
                program.kill()

    @property
    def processes(self):
        return sum(truth.processes() for truth in self.truth.values())

    def start(self, name, *arguments):
        program = Program(f"{self.work}/{name}", *arguments)
        self.programs.append(program)
        return program

    def begin(self, number):
        """Starts the programs of the round, and the first wave."""
        self.brood = self.start("soak-brood", "brood", "-", "90", "9", "2", ENDS, "1000", "4096")
        self.run = self.start("exits", "--exec", "brood", "soak-run", "40", "2", "0",
                              "exit0,exit3", "2000", "4096")
        self.storm = self.start("exits", "storm", "soak-storm", "3000", "2")
        self.come_and_go = [self.start(name, "brood", "-", "20", "5", "0", "exit0,kill", "500", "0")
                            for name in self.name_new(number)]
        self.tree = self.start("exits", "tree", "soak-root,soak-node,soak-leaf", "2", "3", "1000")
        self.crowd = self.start("exits", "crowd", "soak-crowd", "100")
        self.restless = Program.__new__(Program)
        self.restless.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", f"{self.work}/soak-rest", "soak-a,soak-b",
             "100", "20", "10"], stdout=subprocess.PIPE, text=True)
        with open(f"{self.work}/pid", "w", encoding="ascii") as file:
            file.write(f"{self.crowd.process.pid}\n")
        self.crowd.go()
        self.wave()

    def name_new(self, number):
        """Creates executables with new names, for which there was no group before."""
        for old in glob.glob(f"{self.work}/c[0-9]*-*"):
            os.unlink(old)
        names = [f"c{number}-{i}" for i in range(NEW_GROUPS)]
        for name in names:
            os.link(f"{self.work}/exits", f"{self.work}/{name}")
        return names

    def wave(self):
        for program in (self.brood, self.run, self.storm, self.tree, *self.come_and_go):
            if program.waves < WAVES:
                program.go()

    def end(self):
        self.crowd.process.send_signal(signal.SIGUSR1)
        truth = self.truth
        for program in self.programs:
            program.cpu_us = program.finish()
        for name in ("soak-brood", "line"):
            truth[name].add_family(self.brood)
        truth["run"].add_children(self.run)
        truth["soak-storm"].add_children(self.storm)
        for program in self.come_and_go:
            truth["come"].add_family(program)
        truth["family"].add_children(self.tree)
        truth["crowd"].add_children(self.crowd)
        truth["restless"].add("ok", self.restless.wait())
        self.programs = []
        self.restless = None
        # The log may be removed at any time.
        if os.path.exists(f"{self.work}/exits.json"):
            os.unlink(f"{self.work}/exits.json")

    def settle_groups(self, collectd, at_end=False):
        for kind, count in collectd.take_gone_groups("come-c", at_end).items():
            self.come[kind] += count

    def summary(self):
        return [f"{name}: {truth.processes()} ended ({truth.ended['ok']} ok, "
                f"{truth.ended['error']} error, {truth.ended['signal']} signal), "
                f"{truth.cpu_us / 1e6:.2f} s of CPU" for name, truth in self.truth.items()]
