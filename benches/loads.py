"""Loads: what is done to a server from the second core, and what that came to."""

import json
import os
import re
import resource
import subprocess
import threading
from contextlib import contextmanager

from servers import BUILT, LOAD_CORE, SOCK, Missing, c_peer, found, help_of, pinned

# Beyond what it was told to take, a load that says nothing for so long never will.
GRACE = 60.0


@contextmanager
def loading(port, options, seconds, warm_up=0.15):
    """The C load, connected and warm, with nothing under way; yields a function that has it measure."""
    command = [c_peer("load"), "127.0.0.1", port, *options, "-t", seconds, "-w", warm_up]
    load = subprocess.Popen(
        [str(word) for word in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=pinned(LOAD_CORE),
    )
    late = threading.Timer(seconds + GRACE, load.kill)
    late.start()

    def line():
        text = load.stdout.readline()
        if not text:
            raise RuntimeError(f"the load ended: {load.stderr.read().strip()}")
        return text

    def measure():
        load.stdin.write("\n")
        load.stdin.flush()
        return json.loads(line())

    try:
        line()  # It has begun.
        yield measure
    finally:
        late.cancel()
        load.kill()
        load.communicate()


def echo(*options):
    """Messages that come back, by the C load: rate, the server's CPU a message, the round trip."""

    def run(server, seconds):
        with loading(server.port, options, seconds) as measure:
            before = server.cpu()
            came = measure()
            cpu = server.cpu() - before
        messages = max(came["messages"], 1)
        return {
            "rate": came["rate"],
            "cpu": cpu / messages,
            "p50": came["p50"],
            "p99": came["p99"],
            "load": came["cpu"] * 1e9 / messages,
            "lost": came["lost"] / messages,
        }

    return run


def idle(connections):
    """What connections cost that have spoken once and are silent now: bytes of the server's memory for each."""

    def run(server, seconds):
        # One comes and goes first: what everybody shares is paid for by then.
        with loading(server.port, ["-c", 1], 0.01, 0.01):
            pass
        before = server.memory()
        with loading(server.port, ["-c", connections], 0.01, 0.01):
            return {"memory": (server.memory() - before) / connections}

    return run


def wrk(path, connections):
    """Requests by wrk: rate, and the server's CPU a request."""
    return requests_by(wrk_command, path, connections)


def wrk_command(port, path, connections, seconds):
    url = f"http://127.0.0.1:{port}/{path}"
    # wrk counts in whole seconds.
    return [found("wrk"), "-t", 1, "-c", connections, "-d", f"{max(round(seconds), 1)}s", url], wrk_report


def wrk_report(text):
    if re.search(r"Socket errors|Non-2xx", text):
        raise RuntimeError(f"wrk met errors:\n{text}")
    total = int(re.search(r"(\d+) requests in", text)[1])
    return total, float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])


def requests_by(command, path, connections):
    """A generator that loads a server: rate, CPU a request of both."""

    def run(server, seconds):
        words, report = command(server.port, path, connections, seconds)
        before = server.cpu()
        text, own = timed(words)
        cpu = server.cpu() - before
        total, rate = report(text)
        return {"rate": rate, "cpu": cpu / max(total, 1), "load": own * 1e9 / max(total, 1)}

    return run


def sock_bench_command(kind, *options):
    """`sock bench`, which measures itself, as JSON."""
    if " bench [OPTIONS]" not in help_of("bench"):
        raise Missing("sock bench: not there yet")

    def command(port, path, connections, seconds):
        if kind == "http":
            # As long as wrk, or its start would weigh more.
            where, seconds = f"http://127.0.0.1:{port}/{path}", max(round(seconds), 1)
        else:
            where = f"tcp://127.0.0.1:{port}"
        # All that it does is measured, as with the others.
        words = [SOCK, "bench", where, "-c", connections, "-d", f"{seconds}s", "--warmup", "0s", "--json", *options]
        return words, sock_bench_report

    return command


def sock_bench_report(text):
    report = json.loads(text.strip().splitlines()[-1])
    return report["messages"]["replies"], report["rate"]


def c_load_command(port, _, connections, seconds):
    return [c_peer("load"), "127.0.0.1", port, "-c", connections, "-t", seconds, "-w", 0], c_load_report


def c_load_report(text):
    report = json.loads(text.strip().splitlines()[-1])
    return report["messages"], report["rate"]


def client(name, *arguments):
    """A client that reads a URL to its end: its own CPU."""
    program = SOCK if name == "sock" else found(name)

    def run(server, _):
        url = f"http://127.0.0.1:{server.port}/1g.bin"
        return {"cpu": timed([program, *arguments, url])[1] * 1e9}

    return run


def timed(words):
    """Runs a command on the load's core; what it printed, and the CPU seconds that it used."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [str(word) for word in words],
        input="\n",
        capture_output=True,
        text=True,
        timeout=GRACE,
        preexec_fn=pinned(LOAD_CORE),
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{words[0]} failed: {done.stderr.strip()}")
    used = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    return done.stdout, used


def site():
    """A directory with files of 1 KiB, 1 MiB and 1 GiB (a hole), the same for every server."""
    place = BUILT / "site"
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "1g.bin").exists():
        (place / "1k.txt").write_bytes(b"0123456789abcdef" * 64)
        (place / "1m.bin").write_bytes(os.urandom(1 << 20))
        with open(place / "1g.bin", "wb") as hole:
            hole.truncate(1 << 30)
    return place
