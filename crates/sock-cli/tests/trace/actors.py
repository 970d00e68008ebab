"""Servers and clients for the tracer's judges: `actors.py ROLE PORT_FILE [ARGUMENT]`.

A server writes its port into the file before it listens, so that whoever is started by the listening finds it there.
"""
import asyncio
import os
import random
import select
import signal
import socket
import struct
import sys
import threading

ROLE, FILE = sys.argv[1:3]
REST = sys.argv[3:]


def listener():
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", 0))
    tell(server)
    server.listen(16)
    return server


def tell(server):
    with open(FILE, "w") as file:
        file.write(str(server.getsockname()[1]))


def port():
    with open(FILE) as file:
        return int(file.read())


def call():
    return socket.create_connection(("127.0.0.1", port()))


def upper(connection):
    while data := connection.recv(1024):
        connection.sendall(data.upper())
    connection.close()


def read_all(connection):
    data = b""
    while piece := connection.recv(4096):
        data += piece
    return data


def iterative():
    server = listener()
    while True:
        upper(server.accept()[0])


def threads():
    server = listener()
    while True:
        threading.Thread(target=upper, args=(server.accept()[0],), daemon=True).start()


def fork():
    server = listener()
    while True:
        connection, _ = server.accept()
        if os.fork() == 0:
            server.close()
            upper(connection)
            os._exit(0)
        connection.close()


def select_server():
    server = listener()
    open_ones = [server]
    while True:
        for ready in select.select(open_ones, [], [])[0]:
            if ready is server:
                open_ones.append(server.accept()[0])
            elif data := ready.recv(1024):
                ready.sendall(data.upper())
            else:
                open_ones.remove(ready)
                ready.close()


def asyncio_server():
    async def serve(reader, writer):
        while data := await reader.read(1024):
            writer.write(data.upper())
            await writer.drain()
        writer.close()

    async def run():
        # It begins to listen only when its port is told.
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        tell(bound)
        server = await asyncio.start_server(serve, sock=bound)
        await server.serve_forever()

    asyncio.run(run())


def discard():
    """Takes what comes, and tells nothing."""
    server = listener()
    while True:
        read_all(server.accept()[0])


def close_unread():
    """Closes with bytes unread: the kernel resets."""
    server = listener()
    connection, _ = server.accept()
    select.select([connection], [], [])
    connection.close()
    server.accept()


def close_reset():
    server = listener()
    connection, _ = server.accept()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    server.accept()


def mute():
    """Waits to be spoken to, and so does its client."""
    server = listener()
    connection, _ = server.accept()
    connection.recv(10)


def chat():
    """Hears in one thread; in the other it thinks for a while before it says something."""
    talk(listener().accept()[0])


def chat_back():
    connection = call()
    connection.settimeout(None)
    talk(connection)


def talk(connection):
    ear = threading.Thread(target=connection.recv, args=[100])
    ear.start()
    threading.Event().wait(2.5)
    connection.send(b"hi")
    ear.join()


def leaves_threads():
    """Ends, by one thread or another, while threads wait; and leaves unread what it was sent."""
    server = listener()
    client = call()
    connection, _ = server.accept()
    _one, other = socket.socketpair()
    client.send(b"never read")
    waiting = [threading.Thread(target=other.recv, args=[1], daemon=True) for _ in range(4)]
    for thread in waiting:
        thread.start()
    select.select([connection], [], [])
    if REST[0] == "main":
        os._exit(0)
    threading.Thread(target=os._exit, args=[0]).start()
    threading.Event().wait()


def udp_upper():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    # The port is told before the bind is heard of: the system chooses it for another one, which shares it.
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for both in (probe, server):
        both.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    probe.bind(("127.0.0.1", 0))
    chosen = probe.getsockname()
    with open(FILE, "w") as file:
        file.write(str(chosen[1]))
    server.bind(chosen)
    probe.close()
    while True:
        data, address = server.recvfrom(2048)
        server.sendto(data.upper(), address)


def unix_upper():
    server = socket.socket(socket.AF_UNIX)
    server.bind(FILE)
    server.listen()
    while True:
        upper(server.accept()[0])


def random_server():
    """Takes random bytes in receives of random sizes and sends them back in sends of random sizes."""
    chance = random.Random(int(REST[0]))
    connection, _ = listener().accept()
    if len(REST) > 2:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(REST[2]))
    while data := connection.recv(chance.randrange(1, 9000)):
        if chance.random() < 0.2 and select.select([connection], [], [], 0)[0]:
            connection.recv(100, socket.MSG_PEEK)
        while data:
            n = connection.send(data[: chance.randrange(1, 5000)])
            data = data[n:]
    connection.close()


def random_client():
    seed, total = int(REST[0]) + 1000, int(REST[1])
    chance = random.Random(seed)
    connection = call()

    def send():
        source, left = random.Random(seed + 1), total
        while left:
            piece = source.randbytes(min(left, chance.randrange(1, 7000)))
            connection.sendall(piece)
            left -= len(piece)
        connection.shutdown(socket.SHUT_WR)

    threading.Thread(target=send).start()
    got, other = 0, random.Random(seed + 2)
    while data := connection.recv(other.randrange(1, 6000)):
        got += len(data)
    print(got)
    assert got == total


def three():
    """Three sends in one breath, again and again."""
    for _ in range(int(REST[0])):
        connection = call()
        for piece in (b"hello ", b"big ", b"world\n"):
            connection.send(piece)
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == b"HELLO BIG WORLD\n"
        connection.close()
    print("done")


def many():
    """Several clients at once, in turn."""
    connections = [call() for _ in range(3)]
    for turn in range(3):
        for n, connection in enumerate(connections):
            connection.sendall(b"client %d, turn %d" % (n, turn))
        for connection in connections:
            print(connection.recv(100).decode())
    for connection in connections:
        connection.close()


def ping():
    with call() as connection:
        for _ in range(int(REST[0])):
            connection.sendall(b"hello")
            connection.recv(100)


def one():
    connection = call()
    connection.sendall(b"hello")
    connection.shutdown(socket.SHUT_WR)
    print(read_all(connection).decode())
    connection.close()


def umlauts():
    connection = call()
    # The server waits for this one for a while.
    select.select([], [], [], 0.05)
    for text in ["größe's", "-" + "ß" * 16]:
        connection.sendall(text.encode())
        connection.recv(100)
    connection.close()


def expect_reset():
    connection = call()
    try:
        connection.sendall(b"a word that nobody reads")
        while connection.recv(100):
            pass
        print("ended")
    except ConnectionError as error:
        print(type(error).__name__)


def listen_back():
    connection = call()
    connection.settimeout(None)
    connection.recv(10)


def udp_client():
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for word in (b"one", b"", b"three"):
        client.sendto(word, ("127.0.0.1", port()))
        print(client.recvfrom(2048)[0].decode())


def gives_up():
    """Waits for an answer as long as it said, from somebody who does not answer."""
    quiet = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    quiet.bind(("127.0.0.1", 0))
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(0.25)
    client.sendto(b"anybody?", quiet.getsockname())
    try:
        client.recvfrom(2048)
    except TimeoutError:
        print("nobody")


def unix_client():
    client = socket.socket(socket.AF_UNIX)
    client.connect(FILE)
    client.sendall(b"hello")
    client.shutdown(socket.SHUT_WR)
    print(read_all(client).decode())


def close_race():
    """One thread closes what another one receives on: the other end hears of it every time."""
    for _ in range(200):
        ours, theirs = socket.socketpair()
        theirs.settimeout(10)
        number = ours.detach()
        closer = threading.Thread(target=os.close, args=(number,))
        closer.start()
        try:
            socket.socket(fileno=os.dup(number)).close()
            os.read(number, 1) if select.select([number], [], [], 0)[0] else None
        except (OSError, ValueError):
            pass
        closer.join()
        assert theirs.recv(1) == b"", "no end came"
        theirs.close()
    print("all ended")


def refused():
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    try:
        socket.create_connection(probe.getsockname())
    except ConnectionRefusedError:
        print("refused")


def refused_later():
    """A connect that goes on by itself, and fails."""
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(probe.getsockname())
    select.select([], [client], [])
    print(client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))


def in_use():
    first = socket.socket()
    first.bind(("127.0.0.1", 0))
    first.listen()
    second = socket.socket()
    try:
        second.bind(first.getsockname())
    except OSError as error:
        print(error.errno)


def self_connect():
    me = socket.socket()
    me.bind(("127.0.0.1", 0))
    me.connect(me.getsockname())
    me.sendall(b"to myself")
    print(me.recv(100).decode())
    me.close()


def passes():
    """Hands a socket over to a child, which speaks for it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    server = listener()
    client = socket.create_connection(server.getsockname())
    connection, _ = server.accept()
    child = os.fork()
    if child == 0:
        ours.close()
        _, (fd,), _, _ = socket.recv_fds(theirs, 10, 1)
        socket.socket(fileno=fd).sendall(b"from the child")
        os._exit(0)
    theirs.close()
    socket.send_fds(ours, [b"take it"], [connection.fileno()])
    connection.close()
    print(client.recv(100).decode())
    os.waitpid(child, 0)


def idle_pair():
    pair = socket.socketpair()
    pair[0].close()


def partial():
    """A send that is larger than what fits: only a part is taken."""
    server = listener()
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
    client.connect(server.getsockname())
    client.setblocking(False)
    print(client.send(b"x" * 10_000_000) < 10_000_000)


def status():
    os.write(1, b"out\n")
    os.write(2, b"err\n")
    sys.exit(int(REST[0]))


def pids():
    """A child and a grandchild, all of whom would live for ever."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        if os.fork() == 0:
            os.write(writer, b"%d" % os.getpid())
            os.write(writer, b" %d\n" % os.getppid())
        while True:
            select.select([], [], [])
    others = b""
    while not others.endswith(b"\n"):
        others += os.read(reader, 100)
    os.write(1, b"%d " % os.getpid() + others)
    while True:
        select.select([], [], [])


def stubborn():
    """A server that does not obey SIGTERM."""
    import signal

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    iterative()


def obedient():
    """A server that does what SIGTERM asks for, and leaves as if nothing had been."""
    import signal

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = listener()
    connection, _ = server.accept()
    connection.sendall(read_all(connection).upper())
    connection.shutdown(socket.SHUT_WR)
    server.accept()


def child_serves():
    """A child accepts; its parent only waits for its end."""
    server = listener()
    if os.fork() == 0:
        while True:
            upper(server.accept()[0])
    server.close()
    os.wait()


def urgent():
    """Sends urgent bytes: one the next makes part of the stream, that is passed over, and one is received."""
    server = listener()
    client = call()
    connection, _ = server.accept()
    client.send(b"one")
    client.send(b"!", socket.MSG_OOB)
    client.send(b"two")
    client.send(b"?", socket.MSG_OOB)
    client.shutdown(socket.SHUT_WR)
    connection.recv(3)
    select.select([], [], [connection])
    print(read_all(connection).decode())
    connection.send(b"#", socket.MSG_OOB)
    select.select([], [], [client])
    print(client.recv(1, socket.MSG_OOB).decode())
    connection.close()
    client.close()


def two_turns():
    """Talks to a server that tells its endpoint on a pipe."""
    with open(REST[0]) as pipe:
        told = pipe.readline()
    port = int(told.rsplit("127.0.0.1:")[1].split('"')[0])
    client = socket.create_connection(("127.0.0.1", port))
    for words in [b"hello", b"world!"]:
        client.sendall(words)
        print(client.recv(100).decode())
    client.shutdown(socket.SHUT_WR)
    assert client.recv(1) == b""


def stranger():
    """Sends on a socket that somebody hands over."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(REST[0])
    door.listen()
    print("ready", flush=True)
    lender, _ = door.accept()
    _, (fd,), _, _ = socket.recv_fds(lender, 10, 1)
    with socket.socket(fileno=fd) as lent:
        lent.sendall(b"secret")


def lends():
    """Hands a socket to a stranger, and hears what that one says on it."""
    server = listener()
    client = call()
    client.sendall(b"seen, ")
    with socket.socket(socket.AF_UNIX) as way:
        way.connect(REST[0])
        socket.send_fds(way, [b"take it"], [client.fileno()])
        way.recv(1)
    client.close()
    print(read_all(server.accept()[0]).decode())


def small_receives():
    """Takes what came in parts, before and after the other side has ended its direction."""
    server = listener()
    client = call()
    connection, _ = server.accept()
    client.send(b"hello")
    for n in [1, 4]:
        connection.recv(n)
    client.send(b"bye")
    client.shutdown(socket.SHUT_WR)
    for n in [2, 1]:
        connection.recv(n)
    connection.send(b"!")


def talks_on():
    """Says the same to itself for ever, and after some times that it does."""
    import itertools

    one, other = socket.socketpair()
    for n in itertools.count(1):
        one.send(b"x" * 100)
        other.recv(100)
        if n == 6:
            print("talks", flush=True)


def waits_for_no_socket():
    """Waits for pipes, and talks to itself afterwards."""
    reader, writer = os.pipe()
    waits = select.epoll()
    waits.register(reader, select.EPOLLIN)
    os.write(writer, b"x")
    one, other = socket.socketpair()
    for _ in range(3):
        waits.poll()
        one.send(b"hello")
        other.recv(100)
    waits.close()


def shares_table():
    """Has a child with the same table of descriptors, which closes a socket for both."""
    import ctypes

    CLONE, CLONE_FILES = {"x86_64": 56, "aarch64": 220}[os.uname().machine], 0x400
    one, other = socket.socketpair()
    if ctypes.CDLL(None).syscall(CLONE, CLONE_FILES | signal.SIGCHLD, 0, 0, 0, 0) == 0:
        one.send(b"of both")
        os.close(one.fileno())
        os._exit(0)
    print(other.recv(20).decode(), len(other.recv(20)))
    os.wait()
    one.detach()


def leaves_table():
    """Has a child, with the same table of descriptors or (`fork`) with its own, that ends while its parent goes on."""
    import ctypes

    CLONE, CLONE_FILES = {"x86_64": 56, "aarch64": 220}[os.uname().machine], 0x400
    flags = signal.SIGCHLD | (0 if "fork" in sys.argv else CLONE_FILES)
    one, other = socket.socketpair()
    if ctypes.CDLL(None).syscall(CLONE, flags, 0, 0, 0, 0) == 0:
        one.send(b"from the child")
        os._exit(0)
    os.wait()
    one.send(b" and after it")
    print(other.recv(50).decode())


def alarmed():
    """Ends waits by an alarm whose handler raises, hears one whose handler goes on, and dies of the last one."""

    class Over(Exception):
        pass

    def over(*_):
        raise Over

    server = listener()
    one, other = socket.socketpair()
    one.send(b"x")
    other.recv(1)
    signal.signal(signal.SIGALRM, over)
    for wait in [lambda: other.recv(10), server.accept, lambda: select.select([other], [], [])]:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        try:
            wait()
        except Over:
            pass
    # The library calls again, for the signal raised nothing.
    signal.signal(signal.SIGALRM, lambda *_: one.send(b"late"))
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    print(other.recv(10).decode(), flush=True)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    other.recv(10)


def talks_once():
    """Says something to itself, and is silent for ever."""
    one, other = socket.socketpair()
    one.send(b"hello")
    other.recv(100)
    signal.pause()


def crowd():
    """More sockets than anybody has open for fun; children hold them all, and of one there is a copy."""
    sockets = [socket.socket() for _ in range(100)]
    copy = os.dup(sockets[5].fileno())
    reader, writer = os.pipe()
    for _ in range(10):
        if os.fork() == 0:
            os.close(writer)
            os.read(reader, 1)
            os._exit(0)
    for at in range(20):
        sockets[at].close()
    os.close(writer)
    for _ in range(10):
        os.wait()
    for at in range(20, 100):
        sockets[at].close()
    os.close(copy)


def bomb():
    """Forks as fast as it can, in every process that comes of it, and obeys nobody: some hundreds, for a minute at most."""
    import mmap
    import signal
    import time

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end, count = time.monotonic() + 60, mmap.mmap(-1, 8)
    one, other = socket.socketpair()
    while time.monotonic() < end:
        n = int.from_bytes(count[:8], "little")
        if n < 400:
            count[:8] = (n + 1).to_bytes(8, "little")
            os.fork()
        else:
            time.sleep(0.01)
        one.send(b"x")
        other.recv(1)


ROLES = {name: function for name, function in globals().items() if callable(function)}
ROLES["select"] = select_server
ROLES["asyncio"] = asyncio_server
ROLES[ROLE]()
