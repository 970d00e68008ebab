import socket
import peer

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(peer.arguments(50007))
server.listen(1)
peer.tell_port(server)
print("Server started")
while True:
    connection, address = server.accept()
    print("Connected by", address)
    try:
        while data := connection.recv(1024):
            print("Server received:", data.decode())
            connection.sendall(data)
    except OSError as error:
        print("socket error:", error)
    connection.close()
    print("Client closed", address)
