import socket
import peer

server = socket.socket()
server.bind(peer.arguments(1234))
server.listen(5)
peer.tell_port(server)
while True:
    connection, address = server.accept()
    print("Got connection from", address)
    connection.sendall(b"Thank you for connecting")
    connection.close()
