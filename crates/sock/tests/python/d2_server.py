import socket
import peer

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(peer.arguments(12000))
peer.tell_port(server)
print("The server is ready to receive")
while True:
    message, address = server.recvfrom(65535)
    server.sendto(message.decode().upper().encode(), address)
