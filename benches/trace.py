#!/usr/bin/env python3
"""Measures `sock trace` beside strace and beside nobody who looks, and writes RESULTS-TRACE.md: `just bench-trace [FILTER]`.

As in run.py, what counts is the ratio within a round, and the median of the rounds, which are interleaved; every program
prints by itself how long each of its turns took, so that its start counts nowhere. The last cell has no other side: a record of
a million calls is drawn, within a time and a memory."""

import json
import os
import resource
import subprocess
import sys
import time

from cells import Cell
from figures import Bar
from report import bar_rows, cell_lines, machine, table
from run import measure, parse
from servers import HERE, LOAD_CORE, SOCK, TARGET, build_sock, found, pinned

KEPT = TARGET / "bench" / "trace.json"
MILLION = TARGET / "bench" / "million.jsonl"
# The interpreter itself: what stands before it on the path may be a script.
TRACED = [sys.executable, "-B", HERE / "peers" / "traced.py"]
SOCK_TRACE = [SOCK, "trace", "-q", "--"]
STRACE = ["strace", "-f", "--seccomp-bpf", "-e", "trace=network,desc", "-o", os.devnull]
PATIENCE = 300


def traced(tracer, role, times, core=None):
    """A contender: what a turn takes under this tracer, in ns."""

    def prepare():
        words = [found(tracer[0]), *tracer[1:]] if tracer else []

        def once(_):
            first = pinned(core) if core is not None else None
            done = subprocess.run(
                [*words, *TRACED, role, str(times)], stdout=subprocess.PIPE, preexec_fn=first, check=True, timeout=PATIENCE
            )
            return {"each": float(done.stdout)}

        return once

    return prepare


def echo(name, title, limit, core):
    contenders = {
        "untraced": traced([], "echo", 100_000, core),
        "sock trace": traced(SOCK_TRACE, "echo", 100_000, core),
        "strace": traced(STRACE, "echo", 100_000, core),
    }
    bars = [Bar("sock trace", "strace", "each", "<=", limit)]
    return Cell(name, title, contenders, bars, "strace", ("each",))


def beside_nobody(name, title, role, times, limit):
    contenders = {
        "untraced": traced([], role, times),
        "sock trace": traced(SOCK_TRACE, role, times),
        "strace": traced(STRACE, role, times),
    }
    bars = [Bar("sock trace", "untraced", "each", "<=", limit)]
    return Cell(name, title, contenders, bars, "untraced", ("each",))


def drawn():
    """A contender: a record of a million calls, paired and drawn as folded text."""
    if not MILLION.exists():
        MILLION.parent.mkdir(parents=True, exist_ok=True)
        with open(MILLION, "w") as file:
            write_million(file)

    def once(_):
        with open(os.devnull, "w") as nowhere:
            begin = time.perf_counter()
            child = subprocess.Popen([SOCK, "show", "--width", "100", MILLION], stdout=nowhere)
            _, status, used = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise RuntimeError(f"sock show ended with {child.returncode}")
        return {"time": 1000 * seconds, "memory": used.ru_maxrss * 1024}

    return once


def write_million(file):
    """An echo of 250,000 messages of 64 bytes, as a tracer records it."""
    line = lambda **fields: file.write(json.dumps(fields, separators=(",", ":")) + "\n")
    line(type="meta", schema="sock-record/1", source="trace", backend="ptrace-seccomp", t0_unix_ns=0, hold_us=300, preview=64)
    for n, name in (1, "server"), (2, "client"):
        line(type="proc", proc=n, pid=n, ppid=None, name=name, argv=[name], t=0, how="start")
    ends = ["127.0.0.1:9000", "127.0.0.1:40000"]
    for n in 1, 2:
        local, peer = ends[n - 1], ends[2 - n]
        how = "accept" if n == 1 else "socket"
        line(type="sock", sock=n, cookie=None, family="inet", kind="stream", proto="tcp", t=0, listener=None,
             local=local, peer=peer, mate=3 - n, **{"from": how})
    data = "eHh4" * 21 + "eA=="
    ev, t = 0, 1000
    for message in range(250_000):
        off = [64 * message, 64 * message + 64]
        for n, call, way in (2, "send", "out"), (1, "recv", "in"), (1, "send", "out"), (2, "recv", "in"):
            ev, t = ev + 1, t + 12_000
            line(type="call", ev=ev, proc=n, tid=n, call=call, sys=call + "to", fd=3, sock=n, args={"len": 64}, enter=t,
                 exit=t + 9000, ret=64, err=None, dir=way, off=off, data=data, cut=False, state="ESTABLISHED", inq=0, outq=0)
    line(type="end", t=t + 20_000, exit=[0, 0], dropped=0)


CELLS = [
    echo("echo", "100,000 echoes of 64 B, two cores", 0.6, None),
    echo("echo-pinned", "100,000 echoes of 64 B, everybody on one core", 0.85, LOAD_CORE),
    beside_nobody("getppid", "200,000 calls that no socket is in (getppid)", "getppid", 200_000, 1.1),
    beside_nobody("http", "HTTP: Python's threading server, urllib, a connection a request", "http", 1_000, 2.2),
    Cell(
        "million",
        "1,000,000 recorded calls, read, paired and drawn as text",
        {"sock show": lambda: drawn()},
        [Bar("sock show", None, "time", "<=", 2000), Bar("sock show", None, "memory", "<=", 500e6)],
        None,
        ("time", "memory"),
    ),
]


def main():
    arguments = parse()
    chosen = [cell for cell in CELLS if arguments.filter in cell.name]
    if arguments.list or not chosen:
        return print("\n".join(f"{cell.name:<12} {cell.title}" for cell in CELLS))
    build_sock()
    results = json.loads(KEPT.read_text()) if KEPT.exists() else {"cells": {}}
    for cell in chosen:
        results["cells"][cell.name] = measure(cell, arguments) | {"load": round(os.getloadavg()[0], 1)}
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps(results))
    if not (arguments.quick or arguments.dry):
        write(results, HERE / "RESULTS-TRACE.md")


def write(results, path):
    kept = [(cell, results["cells"][cell.name]) for cell in CELLS if cell.name in results["cells"]]
    loads = sorted(one["load"] for _, one in kept)
    dates = sorted(one["date"] for _, one in kept)
    lines = [
        "# Results of the tracer",
        "",
        "Written by `just bench-trace`; see `benches/trace.py`. Ratios count: the contenders were measured in turn, in the same",
        "rounds. A ratio is the median of its rounds, [the 95 % interval of that median], (the least to the most). strace runs as",
        "`strace -f --seccomp-bpf -e trace=network,desc -o /dev/null`. What is traced is `benches/peers/traced.py`, which says how",
        "long a turn took: neither its start nor the drawing afterwards is in it.",
        "",
        f"- Machine: {machine()}",
        f"- Measured: {dates[0]} to {dates[-1]}",
        f"- Load of the machine at the end of each cell: {loads[0]} to {loads[-1]}. Above 1, others wanted the cores as well: the",
        "  pinned cell bears that, and what compares one core with two does not.",
        f"- Commit: {', '.join(sorted({one['commit'] for _, one in kept}))}",
        "",
        "## What is asked, and what was found",
        "",
        *table(("cell", "what", "asked", "found", "holds"), bar_rows(CELLS, results)),
        "",
        "## Every cell",
        "",
    ]
    for cell, one in kept:
        lines += cell_lines(cell, one)
    path.write_text("\n".join(lines).rstrip() + "\n")


if __name__ == "__main__":
    main()
