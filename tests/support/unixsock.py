#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A substitute for collectd's unixsock plugin that serves the values of a file.

    unixsock.py SOCKET FILE

Each line of FILE is "host/plugin-instance/type-instance", then "source=value"
for each data source. The file is read again at each LISTVAL, so that tests can rewrite
it. Runs until a signal ends it.
"""
import os
import socketserver
import sys


def read_values(path):
    values = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip():
                identifier, rest = line.rstrip("\n").split(" ", 1)
                values[identifier] = rest.split()
    return values


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        values = read_values(sys.argv[2])
        for line in self.rfile:
            command, _, argument = line.decode().strip().partition(" ")
            identifier = argument.strip().strip('"')
            if command == "LISTVAL":
                values = read_values(sys.argv[2])
                self.answer(len(values), "Values found", (f"1 {name}" for name in values))
            elif command == "GETVAL" and identifier in values:
                found = values[identifier]
                self.answer(len(found), "Values found", found)
            else:
                self.answer(-1, "No such value", ())

    def answer(self, status, message, lines):
        text = "".join(f"{line}\n" for line in (f"{status} {message}", *lines))
        self.wfile.write(text.encode())


# The socket's file exists before the socket listens, so it gets its name afterwards.
path = sys.argv[1] + ".new"
if os.path.exists(path):
    os.unlink(path)
with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
    os.rename(path, sys.argv[1])
    server.daemon_threads = True
    server.serve_forever()
