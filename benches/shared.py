#!/usr/bin/env python3
"""What workers share on the way of a message, counted.

On a machine whose processor tells nobody of its cache lines, contention cannot be measured; what could contend can be
counted. Callgrind counts how often each instruction of a server is executed, and those with a lock prefix (atomic
read-modify-writes, in Rust's code and the C library's) are taken out of that; strace counts the calls of futex. Each is
done for one load and for one that is longer: the difference is what messages cost, the beginning and the end aside."""

import collections
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from loads import loading
from servers import PATIENCE, SOCK, Missing, Running, build_sock, found, listening_port

SHORT, LONG = 0.5, 4.0
SERVE = [SOCK, "serve", "echo", "tcp://127.0.0.1:0", "-q", "--workers", "2"]


def main():
    build_sock()
    try:
        (few, before), (many, after) = executions(SHORT), executions(LONG)
        messages = many - few
        print(f"{messages:,} messages by 2 workers, on 64 connections")
        total = (sum(after.values()) - sum(before.values())) / messages
        print(f"instructions a message: {total:,.0f}")
        rows, at_all = [], 0
        for thing in {thing for thing, _ in after if thing.startswith("/")}:
            for address, where in locked(thing).items():
                at_all += after[thing, address]
                times = after[thing, address] - before[thing, address]
                if times:
                    rows.append((times / messages, where, Path(thing).name))
        print(f"locked instructions a message: {sum(row[0] for row in rows):.6f} ({at_all:,} in the whole run)")
        for each, where, thing in sorted(rows, reverse=True)[:10]:
            print(f"  {each:.6f}  {where[:90]} ({thing})")
        (few, before), (many, after) = futexes(SHORT), futexes(LONG)
        print(f"futex calls: {before} in {few:,} messages, {after} in {many:,}")
    except Missing as error:
        sys.exit(f"skipped: {error}")


def served(command, seconds):
    """A load on a server under a tool; the messages that it has answered, the first of each connection aside."""
    with Running(command) as server:
        process = listening(server)
        with loading(listening_port(process, "tcp"), ["-c", 64], seconds, 0) as measure:
            messages = measure()["messages"]
        # The server itself, so that the tool sees it end.
        os.kill(process, signal.SIGTERM)
        server.child.wait(PATIENCE)
    return messages


def listening(server):
    """The process that listens: under strace it is a child."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for process in server.processes():
            if listening_port(process, "tcp"):
                return process
        time.sleep(0.05)
    raise RuntimeError("it does not listen")


def executions(seconds):
    """Messages, and how often each instruction was executed, by object and address."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out"
        tool = [found("valgrind"), "--tool=callgrind", "--dump-instr=yes", f"--callgrind-out-file={out}"]
        messages = served([*tool, *SERVE], seconds)
        return messages, parsed(out.read_text())


def parsed(text):
    counts, names = collections.Counter(), {}
    thing, address, is_call = "", 0, False
    for line in text.splitlines():
        if line.startswith(("ob=", "cob=")):
            number, _, name = line.partition("=")[2].partition(" ")
            names.setdefault(number, name)
            thing = names[number] if line.startswith("ob=") else thing
        elif line.startswith("calls="):
            is_call = True
        elif line and line[0] in "0123456789+-*":
            words = line.split()
            # Numbers are written as steps from the one before.
            step = words[0]
            address = address if step == "*" else address + int(step, 0) if step[0] in "+-" else int(step, 0)
            if not is_call:
                counts[thing, address] += int(words[-1])
            is_call = False
    return counts


def locked(program):
    """The addresses of a program's instructions that lock a cache line, and what they are in."""
    command = [found("objdump"), "-d", "-C", "--no-show-raw-insn", program]
    where, places = "", {}
    for line in subprocess.run(command, capture_output=True, text=True).stdout.splitlines():
        if head := re.match(r"[0-9a-f]+ <(.*)>:$", line):
            where = head[1]
        elif one := re.match(r"\s*([0-9a-f]+):\s+(lock\b|xchg\s.*\()", line):
            places[int(one[1], 16)] = where
    return places


def futexes(seconds):
    """Messages, and calls of futex."""
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / "out"
        messages = served([found("strace"), "-f", "-qq", "-e", "trace=futex", "-o", out, *SERVE], seconds)
        return messages, out.read_text().count("futex(")


if __name__ == "__main__":
    main()
