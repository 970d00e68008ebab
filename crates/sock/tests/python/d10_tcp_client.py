import socket
import peer

client = socket.create_connection(peer.arguments(12000))
replies = client.makefile()
for line in peer.lines():
    client.sendall(line.encode() + b"\n")
    print(replies.readline().rstrip("\n"))
client.close()
