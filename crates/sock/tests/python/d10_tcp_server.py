import socketserver
import peer


class Upper(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.decode().upper().encode())


server = socketserver.TCPServer(peer.arguments(12000), Upper)
peer.tell_port(server.socket)
server.serve_forever()
