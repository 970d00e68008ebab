import http.server
import peer


class Web(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, page = 404, b"<h1>There is no such page</h1>\n"
        if self.path == "/":
            status, page = 200, b"<title>Home</title>\n<h1>A home page</h1>\n"
        print(self.requestline)
        self.send_response_only(status)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(page)


server = http.server.ThreadingHTTPServer(peer.arguments(8000), Web)
peer.tell_port(server.socket)
server.serve_forever()
