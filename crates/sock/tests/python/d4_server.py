import socket
import peer

server = socket.socket()
server.bind(peer.arguments(12000))
server.listen(1)
peer.tell_port(server)
while True:
    connection, _ = server.accept()
    connection.sendall(connection.recv(1024).decode().upper().encode())
    connection.close()
