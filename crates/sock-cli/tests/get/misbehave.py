"""A web server that misbehaves as its path says: /MOOD,MOOD,.../NAME

The first request of a path is served in its first mood, the second in its second; the last one stays. A mood
is words with + between them; `ok` does nothing. What it serves is 100,000 bytes, which version 2 has others of.
The port is the first line of output; each request is a line of JSON after it.
"""

import fcntl
import gzip
import json
import select
import socket
import struct
import sys
import termios
import threading

LENGTH = 100_000
RESET = struct.pack("ii", 1, 0)


def content(version):
    return bytes((i * (version + 6) + i // 251) % 256 for i in range(LENGTH))


VERSIONS = {1: content(1), 2: content(2)}
TEXT = "".join(f"line {i} of a text: grüße\n" for i in range(2000)).encode()
seen = {}
lock = threading.Lock()


def read_head(peer):
    head = b""
    while b"\r\n\r\n" not in head:
        piece = peer.recv(65536)
        if not piece:
            return None
        head += piece
    head, _, rest = head.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    fields = {n.strip().lower(): v.strip() for n, _, v in (line.partition(":") for line in lines[1:])}
    left = int(fields.get("content-length", 0)) - len(rest)
    while left > 0:
        piece = peer.recv(65536)
        if not piece:
            return None
        rest += piece
        left -= len(piece)
    return method, path, fields, rest


def say(**event):
    with lock:
        print(json.dumps(event), flush=True)


def respond(peer, status, fields, body=b"", cut=None, after=None):
    fields = {"Connection": "close", **fields}
    head = f"HTTP/1.1 {status}\r\n" + "".join(f"{n}: {v}\r\n" for n, v in fields.items()) + "\r\n"
    peer.sendall(head.encode("latin-1") + body[: len(body) if cut is None else cut])
    if after == "reset":
        # A reset throws away what has not left yet.
        wait_until_acknowledged(peer)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    elif after == "stall":
        # Until the client has had enough.
        while peer.recv(65536):
            pass


def wait_until_acknowledged(peer):
    left = b"\0\0\0\0"
    while struct.unpack("i", fcntl.ioctl(peer, termios.TIOCOUTQ, left))[0]:
        select.select([], [], [], 0.001)


def serve(peer):
    request = read_head(peer)
    if request is None:
        return
    method, path, fields, body = request
    path = path.split("?")[0]
    with lock:
        n = seen[path] = seen.get(path, 0) + 1
    moods = path.split("/")[1].split(",")
    words = dict(word.partition(":")[::2] for word in moods[min(n, len(moods)) - 1].split("+"))
    say(n=n, method=method, range=fields.get("range"), if_range=fields.get("if-range"), fields=fields,
        body=body.decode("latin-1"))
    if "close" in words:
        return
    if "garbage" in words:
        peer.sendall(b"\x00\x01 this is no HTTP\r\n\r\n")
        return
    if "status" in words:
        code, _, after = words["status"].partition(":")
        extra = {"Retry-After": after} if after else {}
        text = b"the server says why\n"
        respond(peer, f"{code} As Asked", {"Content-Length": len(text), "Content-Type": "text/plain", **extra}, text)
        return
    if "loop" in words:
        respond(peer, "302 Found", {"Location": path, "Content-Length": 0})
        return
    if "away" in words:
        respond(peer, "302 Found", {"Location": f"{path}?{n}", "Content-Length": 0})
        return
    version = int(words.get("v", 1))
    whole = TEXT if "text" in words else VERSIONS[version]
    reply = {"Content-Type": "text/plain; charset=utf-8" if "text" in words else "application/octet-stream"}
    tag = f'"v{version}"'
    if "noetag" not in words:
        reply["ETag"] = "W/" + tag if "weak" in words else tag
    if "latin" in words:
        whole = "grüße\n\x1b[2Jand no line end".encode("latin-1")
        reply["Content-Type"] = "text/plain; charset=iso-8859-1"
    if "name" in words:
        reply["Content-Disposition"] = f'attachment; filename="{words["name"]}"'
    if "gzip" in words:
        whole = gzip.compress(whole)
        reply["Content-Encoding"] = "gzip"
    cut, after = None, None
    for word in ("cut", "reset", "stall"):
        if word in words:
            cut, after = int(words[word]), word
    asked = fields.get("range", "")
    condition = fields.get("if-range")
    heeded = condition in (None, tag) or "careless" in words
    if asked.startswith("bytes=") and heeded and "norange" not in words:
        first = int(asked[6:].partition("-")[0])
        if first >= len(whole):
            respond(peer, "416 Range Not Satisfiable", {"Content-Range": f"bytes */{len(whole)}", "Content-Length": 0})
            return
        part = whole[first:]
        said = first + (1 if "wrongrange" in words else 0)
        total = len(whole) + (1 if "wrongtotal" in words else 0)
        reply["Content-Range"] = f"bytes {said}-{said + len(part) - 1}/{total}"
        status, whole = "206 Partial Content", part
    else:
        status = "200 OK"
    if "chunked" in words:
        reply["Transfer-Encoding"] = "chunked"
        sent = whole if cut is None else whole[:cut]
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(sent[i : i + 4096]), sent[i : i + 4096]) for i in range(0, len(sent), 4096))
        respond(peer, status, reply, chunks + (b"0\r\n\r\n" if cut is None else b""), None, after)
    elif "endless" in words:
        # HTTP/1.0: the end of the connection is the end of the body.
        respond(peer, status, reply, whole)
    else:
        reply["Content-Length"] = len(whole)
        respond(peer, status, reply, b"" if method == "HEAD" else whole, cut, after)


def one(peer):
    with peer:
        try:
            serve(peer)
        except OSError:
            pass  # the client has gone, which is its right


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    # Ended with its input, so that nobody is left behind.
    threading.Thread(target=lambda: (sys.stdin.read(), listener.shutdown(socket.SHUT_RDWR)), daemon=True).start()
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=one, args=(peer,), daemon=True).start()


main()
