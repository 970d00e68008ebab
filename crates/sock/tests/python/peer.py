"""What the Python peers of the example programs share."""
import sys


def arguments(port):
    """Host and port of the command line; without them every interface, and the port given."""
    host = sys.argv[1] if len(sys.argv) > 1 else ""
    return host, int(sys.argv[2]) if len(sys.argv) > 2 else port


def tell_port(sock):
    """Says where a server listens, for the one who started it with port 0."""
    print("port", sock.getsockname()[1], file=sys.stderr, flush=True)


def lines():
    """The lines of standard input up to an empty one, each without its end."""
    for line in sys.stdin:
        if not line.strip("\n"):
            return
        yield line.rstrip("\n")


def receive(sock, size):
    """Exactly `size` bytes, or fewer if the peer ends."""
    data = b""
    while len(data) < size:
        piece = sock.recv(size - len(data))
        if not piece:
            break
        data += piece
    return data
