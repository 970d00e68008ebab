import sys
from socket import socket, AF_INET, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR

port = int(sys.argv[1]) if len(sys.argv) > 1 else 12000
server = socket(AF_INET, SOCK_STREAM)
server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
server.bind(("127.0.0.1", port))
server.listen(1)
while True:
    connection, client = server.accept()
    message = connection.recv(1024)
    connection.send(message.upper())
    connection.close()
