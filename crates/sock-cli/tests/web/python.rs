//! Python's own clients: `urllib.request`, `http.client`, and a plain socket that asks three times at once.

use crate::site::{PAGE, Site, numbered, serve};
use crate::support::{Program, Server, peer};

/// What every script begins with; a proxy of the machine's is none of ours.
const PRELUDE: &str = r#"
import http.client, os, socket, sys, tempfile, urllib.error, urllib.request
os.environ["no_proxy"] = "*"
socket.setdefaulttimeout(30)
port = int(sys.argv[1])
base = f"http://127.0.0.1:{port}"

def expect(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"

def numbered(n):
    lines = b"".join(b"%015d\n" % i for i in range(n // 16 + 1))
    return lines[:n]
"#;

/// Runs a script against a server, and stops the server.
#[track_caller]
fn run(server: Server, script: &str) {
    if let Some(mut command) = peer("python3") {
        command.arg("-c").arg(format!("{PRELUDE}{script}")).arg(server.port("tcp"));
        Program::run(command, b"").expect(0);
    }
    server.stop();
}

fn site() -> Site {
    Site::with_page().with("big.bin", numbered(3_000_000)).with("sub/a.txt", "a\n")
}

#[test]
fn urlopen_opens_a_page_and_tells_what_is_not_there() {
    let script = r#"
with urllib.request.urlopen(base) as answer:
    expect(answer.status, 200)
    expect(answer.headers.get_content_type(), "text/html")
    expect(answer.headers.get_content_charset(), "utf-8")
    expect(int(answer.headers["Content-Length"]), len(PAGE))
    expect(answer.read().decode(), PAGE)
# It is redirected into the folder, and the query comes along.
with urllib.request.urlopen(base + "/sub?x=1") as answer:
    expect(answer.geturl(), base + "/sub/?x=1")
    assert b"a.txt" in answer.read()
for path, status in [("/nothing", 404), ("/sub/a.txt/", 404), ("/..%2fsecret.txt", 404)]:
    try:
        urllib.request.urlopen(base + path)
        assert False, path
    except urllib.error.HTTPError as error:
        assert error.code in (status, 400), error
        assert str(error.code).encode() in error.read()
"#;
    let script = format!("PAGE = {PAGE:?}\n{script}");
    run(site().serve(&[]), &script);
}

#[test]
fn urlretrieve_retrieves_a_file_whole() {
    let script = r#"
folder = tempfile.mkdtemp()
blocks = []
name, headers = urllib.request.urlretrieve(
    base + "/big.bin", folder + "/copy", lambda n, size, total: blocks.append(total))
with open(name, "rb") as copy:
    expect(copy.read() == numbered(3_000_000), True)
expect(set(blocks), {3_000_000})
expect(headers["Content-Type"], "application/octet-stream")
os.remove(name)
os.rmdir(folder)
"#;
    run(site().serve(&[]), script);
}

#[test]
fn http_client_keeps_its_one_connection() {
    let script = r#"
client = http.client.HTTPConnection("127.0.0.1", port)
client.connect()
socket_of_the_first = client.sock

def ask(method, path, headers={}, body=None):
    client.request(method, path, headers=headers, body=body)
    answer = client.getresponse()
    data = answer.read()
    assert client.sock is socket_of_the_first, f"{method} {path} ended the connection"
    return answer, data

answer, page = ask("GET", "/")
expect((answer.status, answer.version), (200, 11))
etag, modified = answer.headers["ETag"], answer.headers["Last-Modified"]
assert etag and modified and answer.headers["Date"], answer.headers
answer, data = ask("HEAD", "/")
expect((answer.status, data, int(answer.headers["Content-Length"])), (200, b"", len(page)))
for name in ("ETag", "Last-Modified", "Content-Type"):
    expect(answer.headers[name], ask("GET", "/")[0].headers[name])

# Conditions: what the client has is still so, or is not.
for headers, status in [
    ({"If-None-Match": etag}, 304),
    ({"If-None-Match": '"other", W/' + etag}, 304),
    ({"If-None-Match": "*"}, 304),
    ({"If-None-Match": '"other"'}, 200),
    ({"If-None-Match": '"other"', "If-Modified-Since": modified}, 200),
    ({"If-Modified-Since": modified}, 304),
    ({"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"}, 200),
    ({"If-Modified-Since": "rubbish"}, 200),
    ({"If-Match": etag}, 200),
    ({"If-Match": '"other"'}, 412),
    ({"If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"}, 412),
]:
    for method in ("GET", "HEAD"):
        answer, data = ask(method, "/", headers)
        expect((method, headers, answer.status), (method, headers, status))
        if status == 304:
            expect((data, answer.headers["ETag"]), (b"", etag))
        elif status == 200 and method == "GET":
            expect(data, page)
        elif method == "HEAD":
            expect(data, b"")

# What is refused as a whole does not end the connection.
for method, path, status in [("GET", "/nothing", 404), ("HEAD", "/nothing", 404),
                             ("GET", "/sub", 301), ("OPTIONS", "/", 204)]:
    answer, data = ask(method, path)
    expect((method, path, answer.status), (method, path, status))
    if method == "HEAD":
        expect(data, b"")
answer, data = ask("GET", "/big.bin", {"Range": "bytes=16-31"})
expect((answer.status, data), (206, b"000000000000001\n"))
answer, data = ask("GET", "/", {"Connection": "keep-alive"})
expect(data, page)
client.request("GET", "/", headers={"Connection": "close"})
answer = client.getresponse()
expect((answer.read(), answer.headers["Connection"].lower()), (page, "close"))
assert client.sock is None
"#;
    run(site().serve(&[]), script);
}

#[test]
fn three_requests_in_one_send_are_answered_in_order() {
    let script = r#"
s = socket.create_connection(("127.0.0.1", port))
ask = "GET {} HTTP/1.1\r\nHost: here\r\n{}\r\n"
s.sendall((ask.format("/sub/a.txt", "") + ask.format("/big.bin", "") + ask.format("/nothing", "")
           + "HEAD / HTTP/1.1\r\nHost: here\r\n\r\n"
           + ask.format("/sub/a.txt", "Connection: close\r\n") + ask.format("/never", "")).encode())
stream = s.makefile("rb")

def answer(with_body=True):
    line = stream.readline()
    headers = http.client.parse_headers(stream)
    return line.split()[1], stream.read(int(headers["Content-Length"])) if with_body else b""

expect(answer(), (b"200", b"a\n"))
status, body = answer()
expect((status, body == numbered(3_000_000)), (b"200", True))
expect(answer()[0], b"404")
expect(answer(with_body=False)[0], b"200")
expect(answer(), (b"200", b"a\n"))
expect(stream.read(), b"")
"#;
    run(site().serve(&[]), script);
}

/// HTTP/1.0 closes behind the answer, unless it was asked not to.
#[test]
fn a_client_of_1_0_sees_the_end() {
    let script = r#"
def talk(request):
    s = socket.create_connection(("127.0.0.1", port))
    s.sendall(request)
    return s, s.makefile("rb")

s, stream = talk(b"GET /sub/a.txt HTTP/1.0\r\n\r\n")
answer = stream.read()
assert answer.endswith(b"\r\n\r\na\n"), answer
s, stream = talk(b"GET /sub/a.txt HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
stream.readline()
headers = http.client.parse_headers(stream)
expect(headers["Connection"].lower(), "keep-alive")
expect(stream.read(int(headers["Content-Length"])), b"a\n")
s.sendall(b"GET /sub/a.txt HTTP/1.0\r\n\r\n")
assert stream.read().endswith(b"\r\n\r\na\n")
"#;
    run(site().serve(&[]), script);
}

#[test]
fn a_chunked_body_comes_back() {
    let script = r#"
client = http.client.HTTPConnection("127.0.0.1", port)
client.connect()
kept = client.sock
for pieces in ([b"hello, ", b"w" * 1000, b"orld"], [b"x" * 20_000] * 3, []):
    client.request("POST", "/a?b=c", body=iter(pieces), headers={"X-Mine": "yes"},
                   encode_chunked=True)
    answer = client.getresponse()
    data = answer.read()
    expect(answer.status, 200)
    # What is chunked on the way is told as it came, so look for the pieces.
    for piece in set(pieces):
        assert piece in data, (piece[:20], data[:500])
    assert b"POST /a?b=c HTTP/1.1" in data and b"X-Mine: yes" in data, data[:500]
    assert client.sock is kept
client.request("GET", "/after")
assert b"GET /after HTTP/1.1" in client.getresponse().read()
"#;
    run(serve(&["http", "--echo"]), script);
}

/// The client waits for the word before it sends its body; the answer follows the body.
#[test]
fn who_expects_to_be_told_to_go_on_is_told() {
    let script = r#"
s = socket.create_connection(("127.0.0.1", port))
stream = s.makefile("rb")
head = b"POST / HTTP/1.%d\r\nHost: here\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
s.sendall(head % 1)
expect(stream.readline(), b"HTTP/1.1 100 Continue\r\n")
expect(stream.readline(), b"\r\n")
s.sendall(b"hello")
expect(stream.readline(), b"HTTP/1.1 200 OK\r\n")
headers = http.client.parse_headers(stream)
assert b"hello" in stream.read(int(headers["Content-Length"]))
# Who has sent the body already needs no word, and may get one; the answer comes once.
s.sendall(head % 1 + b"hello")
line = stream.readline()
if b"100" in line:
    stream.readline()
    line = stream.readline()
expect(line, b"HTTP/1.1 200 OK\r\n")
headers = http.client.parse_headers(stream)
assert b"hello" in stream.read(int(headers["Content-Length"]))
# HTTP/1.0 does not know the word.
s.sendall(head % 0 + b"hello")
expect(stream.readline(), b"HTTP/1.1 200 OK\r\n")
"#;
    run(serve(&["http", "--echo"]), script);
}
