"""RESULTS.md: what was measured, for people."""

import os
import platform
import re
from pathlib import Path

from figures import figure, ratios
from servers import HERE

UNITS = {
    "rate": ("a second", lambda v: f"{v:,.0f}"),
    "cpu": ("CPU, ns", lambda v: f"{v:,.0f}"),
    "load": ("generator's CPU, ns", lambda v: f"{v:,.0f}"),
    "p50": ("p50, µs", lambda v: f"{v / 1000:,.1f}"),
    "p99": ("p99, µs", lambda v: f"{v / 1000:,.1f}"),
    "each": ("each, µs", lambda v: f"{v / 1000:,.2f}"),
    "time": ("ms", lambda v: f"{v:,.0f}"),
    "memory": ("bytes", lambda v: f"{v:,.0f}"),
    "lost": ("lost", lambda v: f"{v:.2%}"),
}

NAMES = {"rate": "rate", "cpu": "CPU", "load": "generator's CPU", "p50": "round trip", "p99": "p99", "memory": "memory"}
NAMES |= {"each": "time of each", "time": "time, ms"}


def machine():
    """The machine, in words."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[1]) / 1048576
    hypervisor = "hypervisor" in Path("/proc/cpuinfo").read_text()
    return (
        f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores"
        f"{', a virtual machine' if hypervisor else ''}, {memory:.0f} GiB, {platform.system()} {platform.release()}"
    )


def ratio(found):
    return f"{found.middle:.3f} [{found.low:.3f}, {found.high:.3f}] ({found.least:.3f} to {found.most:.3f})"


def bar_rows(cells, results):
    """Every bar: what was asked, what was found. A missed one is marked."""
    rows = []
    for cell in cells:
        kept = results["cells"].get(cell.name)
        for bar in cell.bars:
            what = f"{NAMES[bar.measure]}, {bar.subject}" + (f" / {bar.base}" if bar.base else "")
            found = bar.value(kept["rounds"]) if kept else None
            if found is None:
                absent = (kept or {}).get("missing", {})
                why = absent.get(bar.subject) or absent.get(bar.base) or "not measured"
                rows.append((cell.title, what, str(bar), f"– ({why})", "–"))
                continue
            value = ratio(found) if bar.base else f"{found.middle:,.0f} ({found.least:,.0f} to {found.most:,.0f})"
            rows.append((cell.title, what, str(bar), value, "yes" if bar.holds(found) else "**missed**"))
    return rows


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join("---" for _ in head) + "|"]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def cell_rows(cell, rounds):
    names = list(dict.fromkeys(name for samples in rounds for name in samples))
    for name in names:
        row = [name]
        for measure in cell.measures:
            own = ratios(rounds, name, None, measure)
            row.append(UNITS[measure][1](figure(own).middle) if own else "–")
        if cell.base:
            for measure in cell.measures:
                if measure == "lost":
                    continue
                over = ratios(rounds, name, cell.base, measure)
                is_base = name == cell.base or not over
                row.append("–" if is_base else ratio(figure(over)))
        row.append(str(len(ratios(rounds, name, None, cell.measures[0]))))
        yield row


def cell_lines(cell, kept):
    head = ["who", *(UNITS[measure][0] for measure in cell.measures)]
    if cell.base:
        head += [f"{NAMES[measure]} / {cell.base}" for measure in cell.measures if measure != "lost"]
    head.append("rounds")
    lines = [f"### {cell.title}", "", *table(head, cell_rows(cell, kept["rounds"])), ""]
    if kept["missing"]:
        lines += ["Without " + "; ".join(f"{name} ({why})" for name, why in kept["missing"].items()) + ".", ""]
    return lines


def session_lines(kept):
    rows = [
        (row["case"], f"{row['ns']:,.1f}", "–" if row["instructions"] is None else f"{row['instructions']:,.2f}")
        for row in kept["rows"]
    ]
    return [
        "## Through the session alone",
        "",
        "No socket and no system call: what one input costs in `Session` (`crates/sock-proto/benches/session.rs`). The",
        "instructions are counted by valgrind's callgrind, and two runs give the same number: a change of 2 % is one.",
        "",
        *table(("input", "ns", "instructions"), rows),
        "",
    ]


def write(cells, results, session, path):
    kept = [(cell, results["cells"][cell.name]) for cell in cells if cell.name in results["cells"]]
    stamps = sorted({(one["date"], one["commit"]) for _, one in kept})
    first, last = (stamps[0], stamps[-1]) if stamps else (("", ""), ("", ""))
    commits = sorted({commit for _, commit in stamps})
    lines = [
        "# Results",
        "",
        "Written by `just bench`; see `benches/run.py`. Ratios count, and only those: both sides were measured in turn, in the",
        "same rounds, the server alone on the first core and the load on the second. A ratio is the median of its rounds,",
        "[the 95 % interval of that median], (the least to the most). CPU is the server's, for one message, as the system",
        "accounts for it, the kernel's work for it included. Something of the lowest class runs on both cores, so that they do",
        "not halt: to wake a halted virtual core costs more than what is compared here. For the round trips of sleepers and",
        "spinners, the web and the generators nothing does.",
        "",
        f"- Machine: {machine()}",
        f"- Measured: {first[0]} to {last[0]}",
        f"- Commit: {', '.join(commits)}",
        "",
        "## What is asked, and what was found",
        "",
        *table(("cell", "what", "asked", "found", "holds"), bar_rows(cells, results)),
        "",
    ]
    findings = HERE / "FINDINGS.md"
    if findings.exists():
        lines += [findings.read_text().strip(), ""]
    if session:
        lines += session_lines(session)
    lines += ["## Every cell", ""]
    for cell, one in kept:
        lines += cell_lines(cell, one)
    path.write_text("\n".join(lines).rstrip() + "\n")
