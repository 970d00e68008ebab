import socket
import peer

server = socket.socket()
server.bind(peer.arguments(50007))
server.listen(1)
peer.tell_port(server)
print("Server started")
while True:
    connection, address = server.accept()
    print("Connected by", address)
    while data := connection.recv(1024):
        print("Server received:", data.decode())
        connection.sendall(data)
    connection.close()
    print("Client closed", address)
