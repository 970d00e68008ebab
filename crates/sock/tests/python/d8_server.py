import os
import signal
import socket
import peer

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
server = socket.create_server(peer.arguments(50007))
peer.tell_port(server)
while True:
    connection, _ = server.accept()
    if os.fork() == 0:
        server.close()
        while data := connection.recv(1024):
            connection.sendall(data)
        os._exit(0)
    connection.close()
