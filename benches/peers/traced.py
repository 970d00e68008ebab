"""What is traced: `traced.py echo|getppid|http N` does it N times, and prints how many nanoseconds each took.

One program with a child, so that every tracer is started alike: the child serves, its parent is the client."""

import http.server
import os
import socket
import sys
import tempfile
import threading
import time
import urllib.request

ROLE, N = sys.argv[1], int(sys.argv[2])


def echo():
    listener = socket.create_server(("127.0.0.1", 0))
    if os.fork() == 0:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data := connection.recv(64):
            connection.sendall(data)
        os._exit(0)
    client = socket.create_connection(listener.getsockname())
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.close()
    message = b"x" * 64

    def once():
        client.sendall(message)
        if len(client.recv(64)) != 64:
            raise RuntimeError("an echo came in parts")

    return once


def getppid():
    return os.getppid


def http_requests():
    """The web server of `python3 -m http.server`, and urllib's client: a connection a request."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    port = server.server_address[1]
    over, until = os.pipe()
    if os.fork() == 0:
        os.close(until)
        with tempfile.TemporaryDirectory() as place:
            os.chdir(place)
            with open("page", "wb") as page:
                page.write(b"y" * 1000)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            # Until its parent ends: killed, it would leave the folder behind.
            os.read(over, 1)
        os._exit(0)
    server.socket.close()
    os.close(over)

    def once():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/page") as answer:
            if len(answer.read()) != 1000:
                raise RuntimeError("the page is cut")

    return once


WARM = 20
once = {"echo": echo, "getppid": getppid, "http": http_requests}[ROLE]()
for _ in range(WARM):
    once()
begin = time.perf_counter_ns()
for _ in range(N):
    once()
print((time.perf_counter_ns() - begin) / N)
