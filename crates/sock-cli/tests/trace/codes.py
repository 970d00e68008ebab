"""One small program for each sentence that is said of programs: `codes.py CODE PORT_FILE`.

Each is what somebody once wrote, or a mistake that somebody once made; most play both sides.
"""
import os
import select
import signal
import socket
import struct
import sys
import threading

CODE, FILE = sys.argv[1:3]
HERE = ("127.0.0.1", 0)


def listener(reuse=True):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
    s.bind(HERE)
    with open(FILE, "w") as file:
        file.write(str(s.getsockname()[1]))
    s.listen(8)
    return s


def called():
    """The other program's listener, called."""
    with open(FILE) as file:
        return socket.create_connection(("127.0.0.1", int(file.read())))


def pair():
    """Both ends of a connection, the one who called first."""
    s = listener()
    client = socket.create_connection(s.getsockname())
    return client, s.accept()[0]


def datagrams():
    one, other = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    for s in (one, other):
        s.bind(HERE)
    return one, other


def ready(s):
    select.select([s], [], [])


def pause(seconds):
    threading.Event().wait(seconds)


def fails(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        print(error.errno)


def torn():
    """A connection that the other end has torn down."""
    client, server = pair()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.close()
    ready(client)
    return client


def broken_pipe():
    client = torn()
    fails(client.send, b"anybody?")
    fails(client.send, b"nobody")


def closed_unread():
    client, server = pair()
    client.send(b"never read")
    ready(server)
    server.close()


def cut():
    one, other = datagrams()
    one.sendto(b"0123456789", other.getsockname())
    other.recvfrom(4)


def deadlock():
    connection, _ = listener().accept()
    connection.recv(10)


def deadlock_peer():
    connection = called()
    connection.settimeout(None)
    connection.recv(10)


def end():
    client, server = pair()
    client.close()
    server.recv(10)


def end_ignored():
    client, server = pair()
    client.close()
    for _ in range(6):
        server.recv(10)


def in_use():
    s = listener()
    fails(socket.socket().bind, s.getsockname())


def interleaved():
    """Whoever is fast enough stays whole: one of several pairs will not be."""
    for _ in range(5):
        interleaved_once()


def interleaved_once():
    one, other = socket.socketpair()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    senders = [threading.Thread(target=one.sendall, args=[letter * 30_000]) for letter in (b"A", b"B")]
    for sender in senders:
        sender.start()
    left = 60_000
    while left:
        left -= len(other.recv(5_000))
    for sender in senders:
        sender.join()


def backlog_full():
    s = listener()
    s.listen(0)
    clients = [called()]

    def serve():
        pause(0.2)
        s.accept()
        s.accept()

    server = threading.Thread(target=serve)
    server.start()
    clients.append(called())
    server.join()


def merged():
    client, server = pair()
    for piece in (b"hello ", b"big ", b"world"):
        client.send(piece)
    server.recv(100)


def nagle():
    client, server = pair()
    reading = threading.Thread(target=halves, args=[server])
    reading.start()
    for _ in range(40):
        client.send(b"head")
        client.send(b"body")
        client.recv(4)
    client.close()
    reading.join()


def halves(server):
    while server.recv(4):
        server.recv(4)
        server.send(b"done")


def never_accepted():
    s = listener()
    client = socket.create_connection(s.getsockname())
    client.send(b"hello")


def no_fin():
    client, server = pair()
    child = os.fork()
    if child == 0:
        client.close()
        server.recv(1)
        os._exit(0)
    server.close()
    client.send(b"x")
    os.waitpid(child, 0)


def no_reuseaddr():
    s = listener(reuse=False)
    client = socket.create_connection(s.getsockname())
    server, _ = s.accept()
    server.close()
    client.recv(1)
    client.close()


def nobody_bound():
    one, other = datagrams()
    place = other.getsockname()
    other.close()
    one.connect(place)
    one.send(b"anybody?")
    fails(one.recv, 10)


def not_bound():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(0.4)
    fails(s.recvfrom, 10)


def no_answer():
    """A line is waited for, in a loop that watches the connection."""
    connection, _ = listener().accept()
    while b"\n" not in connection.recv(100):
        ready(connection)


def no_answer_peer():
    connection = called()
    connection.settimeout(None)
    connection.sendall(b"hello")
    connection.recv(100)


def not_closed():
    connection, _ = listener().accept()
    connection.sendall(b"all that there is")
    pause(60)


def not_closed_peer():
    connection = called()
    connection.settimeout(None)
    while connection.recv(100):
        pass


def not_connected():
    fails(socket.socket().send, b"to whom?")


def not_here():
    fails(socket.socket().bind, ("192.0.2.1", 9111))


def not_listening():
    s = socket.socket()
    s.bind(HERE)
    fails(s.accept)


def not_read():
    """The connection is accepted, and select never hears of it."""
    s = listener()
    connection = s.accept()
    select.select([s], [], [])


def not_read_peer():
    connection = called()
    connection.settimeout(None)
    connection.sendall(b"hello?")
    connection.recv(100)


def nothing_came():
    s, _ = datagrams()
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(print(None)))
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    s.recvfrom(100)


def not_received():
    one, other = datagrams()
    one.sendto(b"never received", other.getsockname())
    other.close()


def one_at_a_time():
    s = listener()
    first = socket.create_connection(s.getsockname())
    server, _ = s.accept()
    second = socket.create_connection(s.getsockname())
    pause(0.2)
    first.send(b"at last")
    server.recv(10)
    s.accept()
    second.close()


def other_server():
    """Somebody else has the port, whom the client meets then."""
    with open(FILE) as file:
        place = ("127.0.0.1", int(file.read()))
    fails(socket.socket().bind, place)
    called().close()


def partial_send():
    client, server = pair()
    client.setblocking(False)
    client.send(b"x" * 20_000_000)


def passed():
    one, other = socket.socketpair()
    client, server = pair()
    if os.fork() == 0:
        socket.recv_fds(other, 10, 1)
        os._exit(0)
    socket.send_fds(one, [b"take it"], [server.fileno()])
    os.wait()
    client.close()


def refused():
    s = socket.socket()
    s.bind(HERE)
    fails(socket.socket().connect, s.getsockname())


def reset():
    fails(torn().recv, 10)


def ring_peer():
    called().recv(10)


def sigpipe():
    """Python ignores the signal; this one does not, and is ended by it."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    client = torn()
    fails(client.send, b"anybody?")
    sys.stdout.flush()
    client.send(b"nobody")


def split():
    client, server = pair()
    client.send(b"0123456789")
    for _ in range(3):
        server.recv(4)




def stopped():
    s = listener()
    while True:
        s.accept()


def stopped_peer():
    called()


def time_wait():
    client, server = pair()
    server.close()
    client.recv(1)
    client.close()


def timed_out():
    _, other = datagrams()
    other.settimeout(0.4)
    fails(other.recvfrom, 10)


def would_block():
    _, server = pair()
    server.setblocking(False)
    fails(server.recv, 10)


globals()[CODE.replace("-", "_")]()
