import sys
from socket import socket, AF_INET, SOCK_DGRAM

port = int(sys.argv[1]) if len(sys.argv) > 1 else 12000
client = socket(AF_INET, SOCK_DGRAM)
client.sendto(b"hello from udp client", ("127.0.0.1", port))
reply, server = client.recvfrom(2048)
print(reply.decode())
client.close()
