"""Servers: how each of them is built, started on the first core, looked at and ended."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
TARGET = ROOT / "target"
SOCK = TARGET / "release" / "sock"
BUILT = TARGET / "peers"
TICK = 1e9 / os.sysconf("SC_CLK_TCK")
SERVER_CORE, LOAD_CORE = 0, 1
# Longer than anything here takes to begin; a server that has not begun by then never will.
PATIENCE = 20.0


class Missing(Exception):
    """Somebody who is not here; says who and why."""


def pinned(core):
    """What a child does first: runs on this core alone, and may hold many descriptors."""

    def first():
        os.sched_setaffinity(0, {core})

    return first


# Runs whenever nobody else wants the core, and until who started it has gone.
IDLER = """
import os
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
parent = os.getppid()
while os.getppid() == parent:
    for _ in range(100_000):
        pass
"""


class Awake:
    """Keeps both cores from halting while something is measured.

    To wake a virtual core that has halted costs whoever wakes it a trip through the hypervisor, some tens of
    microseconds: dearer than all that is compared here, and paid by him whose server is the sooner done."""

    def __enter__(self):
        words = [sys.executable, "-c", IDLER]
        self.idlers = [subprocess.Popen(words, preexec_fn=pinned(core)) for core in (SERVER_CORE, LOAD_CORE)]

    def __exit__(self, *_):
        for idler in self.idlers:
            idler.kill()
            idler.wait()


class Running:
    """A server that serves at `port`; it is ended, with all that it started, by its own number."""

    def __init__(self, command, core=SERVER_CORE, port=None, stdout=subprocess.DEVNULL, **more):
        self.port = port
        self.child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            preexec_fn=pinned(core),
            start_new_session=True,
            **more,
        )
        self.id = self.child.pid

    def says_its_port(self):
        line = self.child.stdout.readline()
        if not line.strip().isdigit():
            self.end()
            raise RuntimeError(f"{self.child.args[0]} did not say its port")
        self.port = int(line)
        return self

    def listens_somewhere(self):
        """Waits until it listens, and finds where: the system knows."""
        until = time.monotonic() + PATIENCE
        while self.child.poll() is None and time.monotonic() < until:
            self.port = listening_port(self.id, "tcp") or listening_port(self.id, "udp")
            if self.port:
                return self
            time.sleep(0.005)
        self.end()
        raise RuntimeError(f"{' '.join(map(str, self.child.args))} does not listen")

    def answers(self):
        """Waits until somebody listens at its port."""
        until = time.monotonic() + PATIENCE
        while self.child.poll() is None and time.monotonic() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.01)
        self.end()
        raise RuntimeError(f"{self.child.args[0]} does not answer at port {self.port}")

    def processes(self):
        """It, and all that it has started: its session is its own."""
        found = [self.id]
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                session = int(stat.read_text().rsplit(")", 1)[1].split()[3])
            except OSError:
                continue  # It has just ended.
            if session == self.id and int(stat.parent.name) != self.id:
                found.append(int(stat.parent.name))
        return found

    def cpu(self):
        """Nanoseconds of CPU so far, of the system for it too.

        Threads and processes that live are told exactly; what those used who have ended, in clock ticks (10 ms)."""
        total = 0.0
        for process in self.processes():
            try:
                tasks = [path.read_text() for path in Path(f"/proc/{process}/task").glob("*/schedstat")]
                fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue  # It has just ended, and is counted by who waited for it.
            living = sum(float(task.split()[0]) for task in tasks)
            threads, children = sum(map(int, fields[11:13])) * TICK, sum(map(int, fields[13:15])) * TICK
            total += (threads if threads > living + TICK else living) + children
        return total

    def memory(self):
        """Bytes of memory of its own that it holds (RSS, what is shared with others aside)."""
        total = 0
        for process in self.processes():
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
                if line.startswith(("Private_Clean:", "Private_Dirty:")):
                    total += int(line.split()[1]) * 1024
        return total

    def end(self):
        if self.child.poll() is None:
            processes = self.processes()
            self.child.terminate()
            try:
                self.child.wait(2)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
            for process in processes[1:]:
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass  # It went with its parent.
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe:
                pipe.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def listening_port(process, kind):
    """The port at which a process listens, or 0."""
    inodes = set()
    try:
        for link in Path(f"/proc/{process}/fd").iterdir():
            inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(link)))
    except OSError:
        return 0  # It has just ended.
    state = {"tcp": "0A", "udp": "07"}[kind]
    for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == state and fields[9] in inodes:
            return int(fields[1].split(":")[1], 16)
    return 0


def free_port():
    """A port for those who must be told one; nobody has it a moment before."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def found(program):
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin:/sbin")
    if not path:
        raise Missing(f"{program} is not installed")
    return path


# --- what is built -------------------------------------------------------------------------------------------------


def build_sock():
    subprocess.run(["cargo", "build", "--quiet", "--release", "-p", "sock-cli"], cwd=ROOT, check=True)


def c_peer(name):
    """A C peer, compiled when its source is newer."""
    source, program = HERE / "peers" / f"{name}.c", BUILT / f"c-{name}"
    newest = max(path.stat().st_mtime for path in (source, HERE / "peers" / "peer.h"))
    if not program.exists() or program.stat().st_mtime < newest:
        BUILT.mkdir(parents=True, exist_ok=True)
        subprocess.run([found("cc"), "-O2", "-o", program, source], check=True)
    return program


def rust_peer(name):
    program = BUILT / "release" / name
    manifest = HERE / "peers" / "rust" / "Cargo.toml"
    command = ["cargo", "build", "--quiet", "--release", "--manifest-path", manifest, "--target-dir", BUILT]
    if name not in rust_peer.built:
        if subprocess.run(command, cwd=ROOT).returncode != 0:
            raise Missing(f"{name} cannot be built (its crates are fetched the first time)")
        rust_peer.built.add(name)
    return program


rust_peer.built = set()


def python_with(module):
    """A Python that has the module: this one, or one of its own with what pip brings."""
    if subprocess.run([sys.executable, "-c", f"import {module}"], stderr=subprocess.DEVNULL).returncode == 0:
        return sys.executable
    home = BUILT / "python"
    python = home / "bin" / "python"
    if not (home / module).exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", home], check=True, stdout=subprocess.DEVNULL)
            pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", module]
            subprocess.run(pip, check=True, timeout=120)
            (home / module).touch()
        except (subprocess.SubprocessError, OSError) as error:
            raise Missing(f"{module} is not installed, and pip does not bring it") from error
    return python


# --- what sock can do ----------------------------------------------------------------------------------------------


def help_of(*words):
    return subprocess.run([SOCK, *words, "--help"], capture_output=True, text=True).stdout


def engines():
    """The engines that the program itself names."""
    names = re.search(r"--engine.*?\[possible values: ([^\]]*)\]", help_of("serve"), re.DOTALL)
    return [name.strip() for name in names[1].split(",")] if names else []


def runs_on(engine):
    """What a server that was asked for this engine says that it runs on."""
    with Running([SOCK, "serve", "echo", "127.0.0.1:0", "--json", "--engine", engine], stdout=subprocess.PIPE) as server:
        said = re.search(rb'"engine":"(\w+)"', server.child.stdout.readline())
    return said[1].decode() if said else "nothing"


def needs_engine(engine):
    if engine not in engines():
        raise Missing(f"engine {engine}: not there yet")
    actual = runs_on(engine)
    if actual != engine:
        raise Missing(f"engine {engine}: this system has it run on {actual}")


def needs_option(verb, option):
    if option not in help_of(verb):
        raise Missing(f"{verb} {option}: not there yet")


# --- how each begins -----------------------------------------------------------------------------------------------


def sock_serve(engine, service, scheme="tcp", *more):
    """The program as it is, told to be quiet: who logs every connection measures the log."""
    needs_engine(engine)
    for option in more:
        if str(option).startswith("--"):
            needs_option("serve", option)
    command = [SOCK, "serve", *service, f"{scheme}://127.0.0.1:0", "-q", "--engine", engine, *more]
    return lambda: Running(command).listens_somewhere()


def c_server(name, *arguments):
    program = c_peer(name)
    return lambda: Running([program, *arguments], stdout=subprocess.PIPE).says_its_port()


def rust_server(name):
    program = rust_peer(name)
    return lambda: Running([program], stdout=subprocess.PIPE).says_its_port()


def python_server(*arguments):
    python = python_with("uvloop") if "uvloop" in arguments else sys.executable
    command = [python, HERE / "peers" / "echo_asyncio.py", *arguments]
    return lambda: Running(command, stdout=subprocess.PIPE).says_its_port()


def socat_server():
    program = found("socat")

    def start():
        port = free_port()
        where = f"TCP-LISTEN:{port},bind=127.0.0.1,backlog=1024,fork,nodelay"
        return Running([program, where, "PIPE"], port=port).listens_somewhere()

    return start


def ncat_server():
    program = found("ncat")

    def start():
        port = free_port()
        command = [program, "-l", "-k", "-m", "2000", "-e", found("cat"), "127.0.0.1", port]
        return Running(command, port=port).listens_somewhere()

    return start


def nginx_server(site, sendfile):
    """nginx as its own documentation would have it fast: one worker, no log, open files remembered."""
    program = found("nginx")

    def start():
        port, place = free_port(), Path(tempfile.mkdtemp(prefix="nginx-", dir=BUILT))
        temporary = "".join(f"{kind}_temp_path {place}/{kind}; " for kind in
                            ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (place / "conf").write_text(f"""
daemon off; master_process off; worker_processes 1; pid {place}/pid; error_log {place}/error;
events {{ worker_connections 20000; use epoll; multi_accept on; }}
http {{
  access_log off; sendfile {sendfile}; tcp_nopush {sendfile}; tcp_nodelay on;
  keepalive_requests 100000000; keepalive_timeout 300s;
  open_file_cache max=100 inactive=300s; open_file_cache_valid 10s; types {{ text/plain txt; }}
  {temporary}
  server {{ listen 127.0.0.1:{port} backlog=4096; root {site}; }}
}}
""")
        server = Running([program, "-e", place / "error", "-c", place / "conf"], port=port).answers()
        ended = server.end

        def end():
            ended()
            shutil.rmtree(place, ignore_errors=True)

        server.end = end
        return server

    return start
