import socket
import peer

client = socket.socket()
client.connect(peer.arguments(1234))
print(peer.receive(client, 1024).decode())
client.close()
