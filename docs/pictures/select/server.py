import select
import sys
from socket import socket, AF_INET, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR

port = int(sys.argv[1]) if len(sys.argv) > 1 else 50007
server = socket(AF_INET, SOCK_STREAM)
server.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
server.bind(("127.0.0.1", port))
server.listen(5)
watched = [server]
while True:
    ready, _, _ = select.select(watched, [], [])
    for one in ready:
        if one is server:
            connection, client = server.accept()
            watched.append(connection)
        elif data := one.recv(1024):
            one.sendall(data)
        else:
            watched.remove(one)
            one.close()
