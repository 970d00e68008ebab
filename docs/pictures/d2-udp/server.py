import sys
from socket import socket, AF_INET, SOCK_DGRAM

port = int(sys.argv[1]) if len(sys.argv) > 1 else 12000
server = socket(AF_INET, SOCK_DGRAM)
server.bind(("127.0.0.1", port))
while True:
    message, client = server.recvfrom(2048)
    server.sendto(message.upper(), client)
