import socket
import threading
import peer


def serve():
    connection, address = server.accept()
    for line in connection.makefile():
        print(address, "says:", line.rstrip("\n"))


server = socket.create_server(peer.arguments(1600))
peer.tell_port(server)
listening = threading.Thread(target=serve)
listening.start()
partner = input()  # the first line names the partner's port
with socket.create_connection(("127.0.0.1", int(partner))) as client:
    for line in peer.lines():
        client.sendall(line.encode() + b"\n")
listening.join()
