import socket
import peer

client = socket.create_connection(peer.arguments(12000))
client.sendall(input("Input lowercase sentence: ").encode())
print(" From Server: ", peer.receive(client, 1024).decode())
client.close()
