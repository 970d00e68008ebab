import sys
import time
from socket import socket, AF_INET, SOCK_STREAM

port = int(sys.argv[1]) if len(sys.argv) > 1 else 50007
client = socket(AF_INET, SOCK_STREAM)
client.connect(("127.0.0.1", port))
for word in [b"one", b"two"]:
    client.sendall(word)
    print(client.recv(1024).decode())
    # A person thinks; the others are served meanwhile.
    time.sleep(0.3)
client.close()
