#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the seeds that are what the running kernel says: its messages and
files about processes that this script starts. Needs root.

    python3 tests/fuzz/capture.py tests/fuzz/corpus
"""

import ctypes
import errno
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

NETLINK_GENERIC, NETLINK_CONNECTOR = 16, 11
GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME = 16, 3, 2
NLMSG_DONE, NLM_F_REQUEST, NLM_F_ACK = 3, 1, 4
ATTR_TGID, ATTR_REGISTER = 2, 3
PR_SET_NAME, SO_RCVBUFFORCE = 15, 33
# The sizes of the struct, by its version
SIZES = {8: 328, 9: 344, 10: 352, 11: 368, 12: 400, 13: 416, 14: 432, 15: 560,
         16: 560, 17: 688}

libc = ctypes.CDLL(None, use_errno=True)


def attribute(kind, payload):
    padding = b"\0" * (-len(payload) % 4)
    return struct.pack("=HH", 4 + len(payload), kind) + payload + padding


def request(family, command, flags, sequence, payload):
    body = struct.pack("=BBH", command, 1, 0) + payload
    return struct.pack("=IHHII", 16 + len(body), family, NLM_F_REQUEST | flags,
                       sequence, 0) + body


def attributes(data):
    while len(data) >= 4:
        size, kind = struct.unpack_from("=HH", data)
        yield kind, data[4:size]
        data = data[(size + 3) // 4 * 4:]


class Taskstats:
    def __init__(self):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW,
                                    NETLINK_GENERIC)
        self.socket.settimeout(2)
        self.socket.connect((0, 0))
        reply = self.ask(request(
            GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0, 1,
            attribute(CTRL_ATTR_FAMILY_NAME, b"TASKSTATS\0")))
        self.family = struct.unpack("=H", dict(attributes(reply[20:]))[1])[0]

    def ask(self, message):
        self.socket.send(message)
        return self.socket.recv(8192)

    def query(self, sequence, pid):
        return self.ask(request(self.family, 1, 0, sequence,
                                attribute(ATTR_TGID, struct.pack("=I", pid))))

    def listen(self):
        with open("/sys/devices/system/cpu/possible", encoding="ascii") as file:
            cpus = file.read().strip()
        self.ask(request(self.family, 1, NLM_F_ACK, 1,
                         attribute(ATTR_REGISTER, cpus.encode() + b"\0")))

    def ends(self, pids):
        """The message of each process's end, by its id."""
        left, messages = set(pids), {}
        while left:
            message = self.socket.recv(8192)
            if message[16:17] != b"\2":
                continue
            ids = set()
            for kind, part in attributes(message[20:]):
                ids |= {struct.unpack("=I", value)[0]
                        for inner, value in attributes(part) if inner in (1, 2)}
            for pid in ids & left:
                messages[pid] = message
            left -= ids
        return messages


def framed(message):
    return struct.pack("=H", len(message)) + message


def payloads(message):
    """The records in a message."""
    for kind, part in attributes(message[20:]):
        yield from (value for inner, value in attributes(part) if inner == 3)


def as_version(record, version, cut=0):
    """The record, as large as another version's, and cut by some bytes."""
    size = SIZES[version]
    record = struct.pack("=H", version) + record[2:]
    return record[:size].ljust(size, b"\0")[:size - cut]


def end_with(message, record):
    """The message of a thread's end, with another record."""
    pid = dict(attributes(dict(attributes(message[20:]))[4]))[1]
    body = attribute(4, attribute(1, pid) + attribute(3, record))
    return struct.pack("=I", 20 + len(body)) + message[4:20] + body


def run(function):
    pid = os.fork()
    if pid == 0:
        function()
        os._exit(0)
    return pid


def end_of_threads():
    code = ("import threading\n"
                       "t = [threading.Thread(target=sum, args=(range(9),))"
                       " for _ in range(3)]\n"
                       "[x.start() for x in t]; [x.join() for x in t]")
    os.execv(sys.executable, ["python3", "-c", code])


def capture_taskstats(corpus):
    taskstats = Taskstats()
    taskstats.listen()
    pids = {run(lambda: os.execv("/bin/true", ["true"])): "exec",
            run(lambda: os.kill(os.getpid(), signal.SIGKILL)): "killed",
            run(end_of_threads): "threads",
            run(lambda: os.setuid(65534)): "other-user"}
    messages = taskstats.ends(pids)
    for pid, name in pids.items():
        os.waitpid(pid, 0)
        corpus.put("exit_record", name, messages[pid])
        corpus.put("probe_answer", name, b"\1" + messages[pid])
    message = next(m for m in messages.values() if len(m) < 1000)  # one record
    for version, cut in ((8, 0), (12, 0), (14, 0), (14, 8), (15, 0), (17, 4)):
        name = f"as-version-{version}" + ("-cut" if cut else "")
        record = as_version(next(payloads(message)), version, cut)
        corpus.put("exit_record", name, end_with(message, record))
    records = [r for m in messages.values() for r in payloads(m)]
    version = struct.unpack_from("=H", records[0])[0]
    corpus.put("record", f"version-{version}", b"\0\0" + records[0])
    for other in SIZES:
        if other != version:
            corpus.put("record", f"as-version-{other}",
                       b"\0\0" + as_version(records[0], other))
    corpus.put("record", "version-0",
               struct.pack("=HH", version, 0) + records[-1][2:])
    corpus.put("record", "cut", b"\0\0" + records[0][:-8])


def capture_queries(corpus):
    taskstats = Taskstats()
    sleeper = subprocess.Popen(["sleep", "60"])
    gone = subprocess.Popen(["true"])
    gone.wait()
    pids = [os.getpid(), sleeper.pid, gone.pid, 1]
    replies = [taskstats.query(i + 1, pid) for i, pid in enumerate(pids)]
    sleeper.kill()
    sleeper.wait()
    head = b"\0" + struct.pack("=4I", *pids)
    corpus.put("query", "four", head + b"".join(map(framed, replies)))
    corpus.put("query", "backwards",
               head + b"".join(map(framed, reversed(replies))))
    corpus.put("query", "one-datagram", head + framed(b"".join(replies[2:])))
    corpus.put("query", "none", head)
    corpus.put("probe_answer", "query", b"\0" + replies[1])


def change_itself():
    libc.prctl(PR_SET_NAME, b"renamed", 0, 0, 0)
    os.setuid(65534)
    os.execv("/bin/true", ["true"])


def capture_events(corpus):
    connector = socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM,
                              NETLINK_CONNECTOR)
    connector.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    connector.bind((os.getpid() + (1 << 22), 1))
    # struct cn_msg of CN_IDX_PROC and CN_VAL_PROC; PROC_CN_MCAST_LISTEN
    body = struct.pack("=IIIIHHI", 1, 1, 0, 0, 4, 0, 1)
    connector.send(struct.pack("=IHHII", 16 + len(body), NLMSG_DONE, 0, 0, 0)
                   + body)
    pid = run(change_itself)
    os.waitpid(pid, 0)
    thread = run(end_of_threads)
    os.waitpid(thread, 0)
    changes, forks = [], []
    while select.select([connector], [], [], 0.2)[0]:
        try:
            message = connector.recv(4096)
        except OSError as error:  # others fork too fast
            if error.errno != errno.ENOBUFS:
                raise
            continue
        what, = struct.unpack_from("=I", message, 36)
        ids = struct.unpack_from("=4I", message, 52)
        if pid not in ids and thread not in ids:
            continue
        if what == 1:
            forks.append(b"\1" + framed(message))
        elif what in (2, 4, 0x200):
            changes.append(b"\0" + framed(message))
    corpus.put("process_event", "changes", b"\0" + b"".join(changes[:6]))
    corpus.put("process_event", "forks", b"\0" + b"".join(forks[:4]))
    corpus.put("process_event", "threads", b"\1" + b"".join(forks[:6]))
    corpus.put("process_event", "both",
               b"\1" + b"".join(forks[:3] + changes[:4]))


def capture_files(corpus):
    def hostile():
        libc.prctl(PR_SET_NAME, b") R 1 2 (\nUid:", 0, 0, 0)
        time.sleep(60)

    sleeper = subprocess.Popen(["php-fpm: pool www", "60"], executable="sleep")
    renamed = run(hostile)
    zombie = run(lambda: None)
    time.sleep(0.2)
    who = {"sleep": sleeper.pid, "renamed": renamed, "zombie": zombie,
           "kernel-thread": 2}
    for name, pid in who.items():
        for file in ("stat", "statm", "io", "status"):
            with open(f"/proc/{pid}/{file}", "rb") as source:
                corpus.put(f"proc_{file}", name, source.read())
    with open(f"/proc/{sleeper.pid}/cmdline", "rb") as source:
        line = source.read()
    corpus.put("proc_cmdline", "title", b"\0" + line)
    corpus.put("proc_cmdline", "long", b"\6" + line * 60)
    corpus.put("proc_cmdline", "spaces", b"\1" + line + b" \0\0 ")
    for pid in (sleeper.pid, renamed):
        os.kill(pid, signal.SIGKILL)
    for pid in (sleeper.pid, renamed, zombie):
        os.waitpid(pid, 0)


class Corpus:
    def __init__(self, directory):
        self.directory = directory

    def put(self, target, name, data):
        directory = os.path.join(self.directory, target)
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, name), "wb") as file:
            file.write(data)


def main():
    corpus = Corpus(sys.argv[1])
    capture_taskstats(corpus)
    capture_queries(corpus)
    capture_events(corpus)
    capture_files(corpus)


main()
