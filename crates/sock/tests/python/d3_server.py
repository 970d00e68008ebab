import socket
import peer

server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(peer.arguments(12000))
peer.tell_port(server)
while True:
    message, address = server.recvfrom(65535)
    print("This message: ", message.decode())
    print("is received from:", address)
    server.sendto(message.decode().upper().encode(), address)
