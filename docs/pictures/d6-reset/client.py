import struct
import sys
from socket import socket, AF_INET, SOCK_STREAM, SOL_SOCKET, SO_LINGER

port = int(sys.argv[1]) if len(sys.argv) > 1 else 50007
client = socket(AF_INET, SOCK_STREAM)
client.connect(("127.0.0.1", port))
client.sendall(b"hello")
print(client.recv(1024).decode())
# Linger for 0 s: this close tears the connection down, as a crash of the machine would.
client.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
client.close()
