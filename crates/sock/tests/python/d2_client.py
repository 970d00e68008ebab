import socket
import peer

client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
message = input("Input lowercase sentence: ")
client.sendto(message.encode(), peer.arguments(12000))
print(client.recvfrom(65535)[0].decode())
