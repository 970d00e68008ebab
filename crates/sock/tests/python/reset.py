import socket
import struct
import peer

client = socket.create_connection(peer.arguments(50007))
client.sendall(b"x")
client.recv(1)
client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
client.close()
