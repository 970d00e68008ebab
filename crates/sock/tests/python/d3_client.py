import socket
import sys

local, message, host, port = sys.argv[1:]
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.bind(("", int(local)))
client.sendto(message.encode(), (host, int(port)))
print(client.recvfrom(65535)[0].decode())
