import socket
import peer

PAGE = b"<title>Home</title>\n<h1>A home page</h1>\n"

server = socket.socket()
server.bind(peer.arguments(80))
server.listen(5)
peer.tell_port(server)
while True:
    connection, address = server.accept()
    with connection, connection.makefile() as lines:
        request = lines.readline().rstrip()
        print(address, "asks:", request)
        if request == "GET /":
            connection.sendall(PAGE)
