#!/usr/bin/env python3
"""Measures sock beside its peers and writes RESULTS.md: `just bench [FILTER]`.

One server runs on the first core and one load on the second, in turn, in interleaved rounds (A B A B, every other one
backwards); what counts is the ratio within a round, and the median of the rounds. Cells whose names hold FILTER are
measured anew; the others stay in RESULTS.md as they were measured last. Peers that are not installed are named and left
out. Everything is on loopback, is bounded in time, and whatever was started is ended by its own number."""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import nullcontext

from cells import CELLS
from figures import figure, ratios
from report import NAMES, ratio, write
from servers import HERE, ROOT, TARGET, Awake, Missing, build_sock

KEPT = TARGET / "bench" / "results.json"


def main():
    arguments = parse()
    if os.cpu_count() < 2:
        sys.exit("a server and its load need a core each")
    # 10,000 connections have two ends, in two processes.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000) if hard > 0 else 20_000, hard))
    chosen = [cell for cell in CELLS if arguments.filter in cell.name]
    if arguments.list:
        return print("\n".join([*(f"{cell.name:<12} {cell.title}" for cell in chosen), "session"]))
    if not chosen and arguments.filter not in "session":
        sys.exit(f"no cell's name holds '{arguments.filter}'; --list shows them")
    build_sock()
    results = json.loads(KEPT.read_text()) if KEPT.exists() else {"cells": {}}
    for cell in chosen:
        results["cells"][cell.name] = measure(cell, arguments)
        keep(results)
    if arguments.filter in "session":
        results["session"] = session(results.get("session"))
        keep(results)
    if not (arguments.quick or arguments.dry):
        write(CELLS, results, results.get("session"), HERE / "RESULTS.md")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("filter", nargs="?", default="", help="measure the cells whose names hold this")
    parser.add_argument("--list", action="store_true", help="name the cells")
    parser.add_argument("--pairs", type=int, default=15, metavar="N", help="rounds of each cell (15)")
    parser.add_argument("--seconds", type=float, default=0.8, metavar="S", help="of each measurement (0.8)")
    parser.add_argument("--only", metavar="NAMES", help="only these contenders, with commas between")
    parser.add_argument("--dry", action="store_true", help="RESULTS.md stays as it is")
    parser.add_argument("--quick", action="store_true", help="3 rounds of 0.2 s, and RESULTS.md stays as it is")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.pairs, arguments.seconds = 3, 0.2
    return arguments


def keep(results):
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(results))


def measure(cell, arguments):
    """All rounds of one cell."""
    print(f"\n{cell.name}: {cell.title}", flush=True)
    ready, missing = {}, {}
    for name, prepare in cell.contenders.items():
        if arguments.only and name not in arguments.only.split(","):
            continue
        try:
            ready[name] = prepare()
        except Missing as error:
            missing[name] = str(error)
            print(f"  {error}", flush=True)
    date, rounds = time.strftime("%Y-%m-%d %H:%M", time.gmtime()), []
    for n in range(arguments.pairs):
        samples = {}
        for name in reversed(ready) if n % 2 else ready:
            if n < cell.rounds_of(name, arguments.pairs):
                with Awake() if cell.is_awake else nullcontext():
                    samples[name] = ready[name](arguments.seconds)
        if cell.derive:
            cell.derive(samples)
        rounds.append({name: samples[name] for name in [*ready, *samples] if name in samples})
    tell(cell, rounds)
    return {"date": date, "commit": commit(), "rounds": rounds, "missing": missing}


def tell(cell, rounds):
    """The cell, in a few lines for who watches."""
    for name in dict.fromkeys(name for samples in rounds for name in samples):
        words = []
        for measure in cell.measures:
            base = cell.base if measure != "lost" and name != cell.base else None
            numbers = ratios(rounds, name, base, measure)
            if not numbers:
                continue
            found = figure(numbers)
            words.append(f"{NAMES.get(measure, measure)} {ratio(found) if base else f'{found.middle:,.2f}'}")
        print(f"  {name:<15} {'  '.join(words)}")
    for bar in cell.bars:
        found = bar.value(rounds)
        if found:
            verdict = "holds" if bar.holds(found) else "MISSED"
            print(f"  {bar.subject}, {NAMES[bar.measure]} {bar}: {verdict}", flush=True)


def commit():
    def git(*words):
        return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "crates", "Cargo.lock", "benches/peers")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + ("+" if changed else "")


def session(before):
    """The bench without a socket; says what has changed since it ran last."""
    print("\nsession: through the session alone", flush=True)
    command = ["cargo", "bench", "--quiet", "-p", "sock-proto", "--bench", "session", "--", "--json"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    old = {row["case"]: row["instructions"] for row in (before or {}).get("rows", [])}
    for row in rows:
        now, then = row["instructions"], old.get(row["case"])
        change = f"  {now / then - 1:+.2%}" if now and then else ""
        count = "–" if now is None else f"{now:,.2f}"
        print(f"  {row['case']:<24} {row['ns']:>9,.1f} ns  {count:>12} instructions{change}")
    return {"date": time.strftime("%Y-%m-%d %H:%M", time.gmtime()), "commit": commit(), "rows": rows}


if __name__ == "__main__":
    main()
