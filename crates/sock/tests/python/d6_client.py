import socket
import peer

client = socket.create_connection(peer.arguments(50007))
for line in peer.lines():
    client.sendall(line.encode())
    print(peer.receive(client, len(line.encode())).decode())
client.close()
