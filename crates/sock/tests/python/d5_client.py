import socket
import peer

client = socket.create_connection(peer.arguments(1060))
while True:
    message = input("Enter message to send or type Exit to disconnect: ")
    client.sendall(message.encode())
    reply = client.recv(1024).decode()
    if reply == "Disconnect":
        break
    print("Received Message from Server:", reply)
client.close()
print("Now you are disconnected from the server")
