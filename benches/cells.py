"""THE TABLE: what is measured, of whom, and what is asked of it.

A cell is a load and those who are under it in turn. Who cannot be had (it is not installed, or sock cannot do it yet)
is named in the results and left out."""

import socket
from dataclasses import dataclass, field
from typing import Callable

import loads
from figures import Bar
from loads import echo, wrk
from servers import c_server, ncat_server, needs_option, nginx_server, python_server, rust_server, sock_serve, socat_server

# Those to whom no bar compares are measured in so many rounds: enough to place them.
FEW = 5


@dataclass
class Cell:
    name: str
    title: str
    # By name: a function that prepares it (or says who is missing) and returns one that measures it once.
    contenders: dict[str, Callable]
    bars: list[Bar] = field(default_factory=list)
    # Whom the others are set beside, and by what.
    base: str | None = None
    measures: tuple = ("rate", "cpu")
    # What follows from the samples of one round.
    derive: Callable | None = None
    # The cores do not halt. They do where the cost of waking them is what is measured, and for peers that are often done
    # before the other side is: to them somebody beside them on their core is dearer than to wake up.
    is_awake: bool = True

    def rounds_of(self, name, pairs):
        needed = {who for bar in self.bars for who in (bar.subject, bar.base)} | {self.base}
        return pairs if name in needed or self.derive else min(pairs, FEW)


def under(load, **starters):
    """Contenders that are servers: each is started anew for every measurement, as memory lies differently each time."""

    def contender(starter):
        def prepare():
            start, act = starter(), load() if getattr(load, "is_lazy", False) else load

            def run(seconds):
                with start() as server:
                    return act(server, seconds)

            return run

        return prepare

    return {name.replace("_", " "): contender(starter) for name, starter in starters.items()}


def engine(name, *service, scheme="tcp", options=()):
    return lambda: sock_serve(name, service or ["echo"], scheme, *options)


# --- streams -------------------------------------------------------------------------------------------------------

OURS = {name: engine(name) for name in ("epoll", "uring", "tokio", "threads", "select")}
BARE = {
    "C": lambda: c_server("echo"),
    "plain_tokio": lambda: rust_server("tokio_echo"),
    "mio": lambda: rust_server("mio_echo"),
}
SCRIPTS = {
    "uvloop": lambda: python_server("uvloop"),
    "asyncio": lambda: python_server(),
    "socat": socat_server,
    "ncat": ncat_server,
}

ENGINE_BARS = [
    Bar("uring", "epoll", "rate", ">=", 0.95),
    Bar("tokio", "plain tokio", "rate", ">=", 0.95),
]


def stream(name, title, options, bar, without=()):
    # Who is compared stands side by side: the machine drifts.
    order = ("C", "epoll", "uring", "tokio", "plain_tokio", "threads", "select", "mio", *SCRIPTS)
    all_of = BARE | OURS | SCRIPTS
    starters = {who: all_of[who] for who in order if who not in without}
    return Cell(name, title, under(echo(*options), **starters), [bar, *ENGINE_BARS], base="C")


CHEAP = Bar("epoll", "C", "cpu", "<=", 1.05)
ON_A_PAR = Bar("epoll", "C", "rate", ">=", 0.97, of="low")
# A process or a thread for each of so many is not what they are for; Python takes long to begin.
CROWD = ("socat", "ncat", "threads")

STREAMS = [
    stream("echo-1", "Echo, 64 B, 1 connection", ["-c", 1], CHEAP),
    stream("echo-64", "Echo, 64 B, 64 connections", ["-c", 64], CHEAP),
    stream("echo-1000", "Echo, 64 B, 1,000 connections", ["-c", 1000], CHEAP, without=("socat", "ncat")),
    stream("echo-10000", "Echo, 64 B, 10,000 connections", ["-c", 10000], CHEAP, without=CROWD),
    stream("pipelined", "Echo, 64 B, 16 at once, 64 connections", ["-c", 64, "-d", 16], ON_A_PAR),
    stream("bulk", "Echo, 64 KiB, 16 connections", ["-c", 16, "-s", 65536], ON_A_PAR),
    stream("connect", "Connect, one message of 64 B, close, 64 at once", ["-c", 64, "-n"], ON_A_PAR),
]

IDLE = Cell(
    "idle",
    "Memory of an idle connection, of 10,000 that have spoken once",
    under(loads.idle(10_000), **{who: (BARE | OURS | SCRIPTS)[who] for who in
                                 ("C", "epoll", "uring", "tokio", "plain_tokio", "select", "mio", "uvloop", "asyncio")}),
    [Bar("epoll", None, "memory", "<=", 512)],
    measures=("memory",),
)

# --- datagrams -----------------------------------------------------------------------------------------------------


def datagrams(name, title, options, bar):
    starters = {
        "plain_C": lambda: c_server("udp"),
        "epoll": engine("epoll", scheme="udp"),
        "uring": engine("uring", scheme="udp"),
        "recvmmsg_C": lambda: c_server("udp", "batch"),
    }
    bars = [Bar(who, "plain C", "rate", ">=", bar) for who in ("epoll", "uring")]
    return Cell(name, title, under(echo("-u", *options), **starters), bars, base="plain C", measures=("rate", "cpu", "lost"))


DATAGRAMS = [
    datagrams("udp-64", "UDP echo, 64 B, 64 senders", ["-c", 64], 1.0),
    datagrams("udp-trains", "UDP echo, trains of 20 × 1,400 B, 4 senders", ["-c", 4, "-d", 20, "-s", 1400], 3.0),
]

# --- latency -------------------------------------------------------------------------------------------------------

SPINNING = engine("epoll", options=("--busy-poll",))
BUSY = Cell(
    "busy-poll",
    "Round trip of 64 B, 1 connection, sleeping and spinning",
    under(echo("-c", 1), sleeping=engine("epoll"), server_spins=SPINNING)
    | under(echo("-c", 1, "-p"), both_spin=SPINNING),
    [
        Bar("server spins", "sleeping", "p50", "<=", 0.45),
        Bar("both spin", "sleeping", "p50", "<=", 0.25),
    ],
    base="sleeping",
    measures=("p50", "p99", "rate"),
    is_awake=False,
)

# --- the web -------------------------------------------------------------------------------------------------------


def nginx(sendfile="on"):
    return lambda: nginx_server(loads.site(), sendfile)


def http(*options):
    return lambda: sock_serve("epoll", ["http", loads.site()], "tcp", *options)


def better_nginx(samples):
    """The better of sendfile on and off, in each measure by itself."""
    both = [samples[name] for name in ("nginx sendfile", "nginx copying") if name in samples]
    if both:
        best = {"rate": max, "cpu": min}
        samples["nginx"] = {name: pick(one[name] for one in both) for name, pick in best.items()}


def web(name, title, path, bars=(), is_awake=False):
    contenders = under(wrk(path, 64), nginx_sendfile=nginx("on"), sock=http(), nginx_copying=nginx("off"))
    return Cell(name, title, contenders, list(bars), base="nginx", derive=better_nginx, is_awake=is_awake)


def wrk_beside_idle(count):
    """wrk, while so many others have asked once and stay."""

    def run(server, seconds):
        held = []
        try:
            for _ in range(count):
                one = socket.create_connection(("127.0.0.1", server.port))
                held.append(one)
                one.sendall(b"GET /1k.txt HTTP/1.1\r\nHost: a\r\n\r\n")
                one.recv(65536)
            return wrk("1k.txt", 64)(server, seconds)
        finally:
            for one in held:
                one.close()

    return run


def reading(name, *arguments):
    def load():
        return loads.client(name, *arguments)

    load.is_lazy = True
    return load


WEB = [
    web("http-1k", "HTTP, a file of 1 KiB, 64 connections (wrk)", "1k.txt", [Bar("sock", "nginx", "rate", ">=", 1.05)]),
    web("http-awake", "The same, with both cores kept awake", "1k.txt", is_awake=True),
    web("http-1m", "HTTP, a file of 1 MiB, 64 connections (wrk)", "1m.bin",
        [Bar("sock", "nginx", "rate", ">=", 1.0), Bar("sock", "nginx", "cpu", "<=", 1.0)]),
    Cell(
        "http-idle",
        "HTTP, a file of 1 KiB, 64 connections, with 1,000 idle ones beside",
        under(wrk("1k.txt", 64), alone=http()) | under(wrk_beside_idle(1000), beside_1000=http()),
        # No loss: none that could be told from chance.
        [Bar("beside 1000", "alone", "rate", ">=", 1.0, of="high")],
        base="alone",
        is_awake=False,
    ),
    Cell(
        "get",
        "Reading 1 GiB to /dev/null from nginx, the client's CPU",
        under(reading("curl", "-s", "-o", "/dev/null"), curl=nginx())
        | under(reading("sock", "get", "-q", "-o", "/dev/null"), sock_get=nginx()),
        [Bar("sock get", "curl", "cpu", "<=", 0.85)],
        is_awake=False,
        base="curl",
        measures=("cpu",),
    ),
]

# --- generators ----------------------------------------------------------------------------------------------------


def generator(make, path, connections):
    def load():
        return loads.requests_by(make(), path, connections)

    load.is_lazy = True
    return load


def generators(name, title, path, server, peer, theirs, kind, *options):
    def ours(*more):
        return generator(lambda: loads.sock_bench_command(kind, *options, *more), path, 64)

    contenders = under(generator(theirs, path, 64), **{peer: server}) | under(ours(), sock_bench=server)
    contenders |= under(ours("--engine", "epoll"), sock_bench_epoll=server)
    bars = [Bar("sock bench", peer.replace("_", " "), "rate", ">=", 1.0)]
    if path:
        bars.append(Bar("sock bench", peer, "load", "<=", 1.0))
    base, measures = peer.replace("_", " "), ("rate", "load")
    return Cell(name, title, contenders, bars, base=base, measures=measures, is_awake=not path)


GENERATORS = [
    generators("bench-http", "Generators against nginx, 1 KiB, 64 connections", "1k.txt", nginx(), "wrk",
               lambda: loads.wrk_command, "http"),
    generators("bench-echo", "Generators against the C echo, 64 B, 64 connections", "", BARE["C"], "C_load",
               lambda: loads.c_load_command, "echo", "--size", 64),
]

CELLS = [*STREAMS, IDLE, *DATAGRAMS, BUSY, *WEB, *GENERATORS]
