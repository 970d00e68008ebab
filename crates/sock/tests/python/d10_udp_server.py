import socketserver
import peer


class Upper(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        sock.sendto(data.decode().upper().encode(), self.client_address)


server = socketserver.UDPServer(peer.arguments(12000), Upper)
peer.tell_port(server.socket)
server.serve_forever()
