import sys
from socket import socket, AF_INET, SOCK_STREAM

port = int(sys.argv[1]) if len(sys.argv) > 1 else 1060
client = socket(AF_INET, SOCK_STREAM)
client.connect(("127.0.0.1", port))
for message in ["Hi", "How are you?", "Exit"]:
    client.sendall(message.encode())
    print("Received Message from Server:", client.recv(1024).decode())
print("Now you are disconnected from the server")
client.close()
