import socket
import peer

server = socket.socket()
server.bind(peer.arguments(1060))
server.listen(1)
peer.tell_port(server)
while True:
    print("Listening at", server.getsockname())
    connection, address = server.accept()
    print("The server now is connected to:", address)
    print("Socket connects between", connection.getsockname(), "and", connection.getpeername())
    while message := connection.recv(1024):
        print("Received Message from Client:", message.decode())
        if message == b"Exit":
            connection.sendall(b"Disconnect")
            break
        connection.sendall(b"Your data was %d bytes" % len(message))
    connection.close()
    print("Reply sent, Server socket closed")
