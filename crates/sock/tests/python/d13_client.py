import socket
import peer

client = socket.socket()
client.connect(peer.arguments(80))
client.sendall(b"GET /\n")
while data := client.recv(1024):
    print(data.decode(), end="")
client.close()
