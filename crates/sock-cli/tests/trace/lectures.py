"""The programs of the lectures, each in the lecture's manner: `lectures.py ROLE PORT [ARGUMENT…]`.

A server takes as many clients as it is told and ends, so that what it prints is whole.
"""
import asyncio
import os
import select
import socket
import socketserver
import struct
import sys
import threading

ROLE, PORT = sys.argv[1], int(sys.argv[2])
REST = sys.argv[3:]
HERE = ("127.0.0.1", PORT)


def print(*words):
    """A line in one piece: threads and children share the file."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


def bound(kind=socket.SOCK_STREAM):
    s = socket.socket(socket.AF_INET, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(HERE)
    return s


def listening():
    s = bound()
    s.listen(5)
    return s


def connected():
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.connect(HERE)
    return s


def clients():
    return range(int(REST[0]))


def exactly(s, n):
    data = b""
    while len(data) < n:
        data += s.recv(n - len(data))
    return data


def d1_server():
    s = listening()
    for _ in clients():
        c, address = s.accept()
        print("Got connection from", address)
        c.send(b"Thank you for connecting")
        c.close()


def d1_client():
    s = connected()
    print(s.recv(1024))
    s.close()


def d2_server():
    s = bound(socket.SOCK_DGRAM)
    print("The server is ready to receive")
    for _ in clients():
        message, address = s.recvfrom(2048)
        s.sendto(message.decode().upper().encode(), address)


def d2_client():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    message = input("Input lowercase sentence: ")
    s.sendto(message.encode(), HERE)
    print(s.recvfrom(2048)[0].decode())
    s.close()


def d3_server():
    s = bound(socket.SOCK_DGRAM)
    for _ in clients():
        message, address = s.recvfrom(2048)
        print("This message: ", message.decode())
        print("is received from:", address)
        s.sendto(message.upper(), address)


def d3_client():
    """Binds the port that it is told, and says what it is told."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", int(REST[0])))
    s.sendto(REST[1].encode(), HERE)
    print(s.recvfrom(2048)[0].decode())


def d4_server():
    s = listening()
    print("The server is ready to receive")
    for _ in clients():
        c, _ = s.accept()
        c.send(c.recv(1024).decode().upper().encode())
        c.close()


def d4_client():
    s = connected()
    s.send(input("Input lowercase sentence: ").encode())
    print(" From Server: ", s.recv(1024).decode())
    s.close()


def d5_server():
    s = listening()
    for _ in clients():
        print("Listening at", s.getsockname())
        c, address = s.accept()
        print("The server now is connected to:", address)
        print("Socket connects between", c.getsockname(), "and", c.getpeername())
        while True:
            message = c.recv(1024).decode()
            print("Received Message from Client:", message)
            if message == "Exit":
                c.sendall(b"Disconnect")
                break
            c.sendall(b"Your data was %d bytes" % len(message.encode()))
        c.close()
        print("Reply sent, Server socket closed")


def d5_client():
    s = connected()
    while True:
        message = input("Enter message to send or type Exit to disconnect: ")
        s.sendall(message.encode())
        reply = s.recv(1024).decode()
        print("Received Message from Server:", reply)
        if reply == "Disconnect":
            break
    s.close()
    print("Now you are disconnected from the server")


def echo(c, address):
    while True:
        data = c.recv(1024)
        if not data:
            break
        print("Server received:", data)
        c.sendall(data)
    c.close()
    print("Client closed", address)


def d6_server():
    s = listening()
    print("Server started")
    for _ in clients():
        c, address = s.accept()
        print("Connected by", address)
        echo(c, address)


def d6_client():
    s = connected()
    for line in sys.stdin:
        if line == "\n":
            break
        s.sendall(line.encode())
        print("Client received:", exactly(s, len(line.encode())))
    s.close()


def d7_server():
    s = listening()
    for _ in clients():
        c, address = s.accept()
        try:
            echo(c, address)
        except OSError as error:
            print("socket error:", error)


def d7_client():
    """Tears its connection down."""
    s = connected()
    s.sendall(b"a word")
    print(exactly(s, 6))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
    sys.exit(3)


def d7_other():
    s = connected()
    s.sendall(b"hello")
    print(exactly(s, 5))
    s.close()


def d8_client():
    """Says three things that are larger than a receive, and waits for each to come back."""
    s = connected()
    for turn in range(3):
        words = b"%s, turn %d. " % (REST[0].encode(), turn)
        s.sendall(words * 200)
        print(exactly(s, 200 * len(words))[: len(words)])
    s.close()


def d8_fork():
    s = listening()
    for _ in clients():
        c, address = s.accept()
        if os.fork() == 0:
            s.close()
            serve(c, address)
            os._exit(0)
        c.close()
    for _ in clients():
        print("A child ended with", os.wait()[1])


def serve(c, address):
    """What comes in how many pieces is up to the kernel, and not printed."""
    while data := c.recv(1000):
        c.sendall(data)
    print("Client closed", address)
    c.close()


def d8_threads():
    s = listening()
    for _ in clients():
        threading.Thread(target=serve, args=s.accept()).start()


def d8_asyncio():
    async def run():
        left, over = len(clients()), asyncio.Event()

        async def talk(reader, writer):
            nonlocal left
            while data := await reader.read(1000):
                writer.write(data)
                await writer.drain()
            print("Client closed", writer.get_extra_info("peername"))
            writer.close()
            left -= 1
            if left == 0:
                over.set()

        await asyncio.start_server(talk, *HERE)
        await over.wait()

    asyncio.run(run())


def d8_asyncio_client():
    async def run():
        reader, writer = await asyncio.open_connection(*HERE)
        for turn in range(3):
            words = b"%s, turn %d. " % (REST[0].encode(), turn)
            writer.write(words * 200)
            await writer.drain()
            print((await reader.readexactly(200 * len(words)))[: len(words)])
        writer.close()
        await writer.wait_closed()

    asyncio.run(run())


def d9_select():
    s = listening()
    sockets, left = [s], len(clients())
    while left:
        readable, _, _ = select.select(sockets, [], [])
        for ready in readable:
            if ready is s:
                sockets.append(s.accept()[0])
            elif data := ready.recv(1000):
                ready.sendall(data)
            else:
                print("Client closed", ready.getpeername()[0])
                sockets.remove(ready)
                ready.close()
                left -= 1


class Stream(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(1000):
            self.request.sendall(data)
        print("Client closed", self.client_address)


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        data, s = self.request
        print("Client said", data, "from", self.client_address)
        s.sendto(data.upper(), self.client_address)


def d10_server():
    kind = getattr(socketserver, REST[1])
    kind.allow_reuse_address = True
    handler = Datagram if issubclass(kind, socketserver.UDPServer) else Stream
    with kind(HERE, handler) as server:
        for _ in clients():
            server.handle_request()


def d10_client():
    """One datagram, and its answer."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.sendto(REST[0].encode(), HERE)
    print(s.recv(2048))


globals()[ROLE]()
