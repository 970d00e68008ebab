import select
import socket
import peer

server = socket.create_server(peer.arguments(50007))
peer.tell_port(server)
sockets = [server]
while True:
    for sock in select.select(sockets, [], [])[0]:
        if sock is server:
            sockets.append(server.accept()[0])
            continue
        data = sock.recv(1024)
        if data:
            sock.sendall(data)
        else:
            sockets.remove(sock)
            sock.close()
