import sys
from socket import socket, AF_INET, SOCK_STREAM

port = int(sys.argv[1]) if len(sys.argv) > 1 else 12000
client = socket(AF_INET, SOCK_STREAM)
client.connect(("127.0.0.1", port))
client.send(b"hello from tcp client")
print(" From Server: ", client.recv(1024).decode())
client.close()
