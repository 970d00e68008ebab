//! Our clients against servers of Python's `socket`, one row of the lectures after the other.

use crate::python;
use crate::support::{Finished, Program, sock};

/// Talks to a Python server by `sock connect` with that input; both end with 0.
#[track_caller]
fn connect_to(script: &str, input: &[u8]) -> Option<Finished> {
    let (server, port) = python::listen(script)?;
    let client = Program::run(sock(&["connect", &format!("127.0.0.1:{port}")]), input).expect(0);
    server.finish().expect(0);
    Some(client)
}

#[test]
fn d1_a_greeting_and_the_end() {
    let script = r#"
s = bound()
c, address = s.accept()
c.sendall(b"Thank you for connecting")
c.close()
"#;
    let Some(client) = connect_to(script, b"") else { return };
    assert_eq!(client.text(), "Thank you for connecting");
}

#[test]
fn d3_upper_case_by_datagram() {
    let script = r"
s = bound(socket.SOCK_DGRAM)
for _ in range(2):
    text, sender = s.recvfrom(2048)
    s.sendto(text.upper(), sender)
    say(sender[0], text.decode())
";
    let Some((mut server, port)) = python::listen(script) else { return };
    let endpoint = format!("udp://127.0.0.1:{port}");
    let client = sock(&["send", &endpoint, "--bind", "127.0.0.1", "hello from client1", "two"]);
    let client = Program::run(client, b"").expect(0);
    assert_eq!(client.text(), "HELLO FROM CLIENT1\nTWO\n");
    assert_eq!(server.line(), "127.0.0.1 hello from client1");
    assert_eq!(server.line(), "127.0.0.1 two");
    server.finish().expect(0);
}

#[test]
fn d4_one_message_up_one_down_and_the_end() {
    let script = r"
s = bound()
c, address = s.accept()
c.sendall(c.recv(1024).upper())
c.close()
";
    let Some(client) = connect_to(script, b"hello from tcp client") else { return };
    assert_eq!(client.text(), "HELLO FROM TCP CLIENT");
}

#[test]
fn d5_each_message_is_acknowledged_until_exit() {
    let script = r#"
s = bound()
c, address = s.accept()
for line in c.makefile("rb"):
    text = line.rstrip(b"\n")
    if text == b"Exit":
        c.sendall(b"Disconnect\n")
        break
    c.sendall(b"Your data was %d bytes\n" % len(text))
c.close()
"#;
    let Some((server, port)) = python::listen(script) else { return };
    let mut client = Program::start(sock(&["connect", &format!("127.0.0.1:{port}")]));
    for (text, reply) in [("Hi", "Your data was 2 bytes"), ("grün", "Your data was 5 bytes")] {
        client.say(format!("{text}\n").as_bytes());
        assert_eq!(client.line(), reply);
    }
    client.say(b"Exit\n");
    assert_eq!(client.line(), "Disconnect");
    assert_eq!(client.until_end(), b"");
    client.finish().expect(0);
    server.finish().expect(0);
}

#[test]
fn d6_every_byte_comes_back() {
    let script = r"
s = bound()
c, address = s.accept()
while True:
    data = c.recv(4096)
    if not data:
        break
    c.sendall(data)
c.close()
";
    let sent: Vec<u8> = (0..=u8::MAX).cycle().take(300_000).collect();
    let Some(client) = connect_to(script, &sent) else { return };
    assert!(client.stdout == sent, "{} bytes", client.stdout.len());
}

#[test]
fn d7_a_server_that_resets_is_told_apart_from_one_that_ends() {
    let script = r#"
s = bound()
c, address = s.accept()
expect(exactly(c, 4), b"some")
c.sendall(b"part")
say("sent")
sys.stdin.readline()
c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
c.close()
"#;
    let Some((mut server, port)) = python::listen(script) else { return };
    let mut client = Program::start(sock(&["connect", &format!("127.0.0.1:{port}")]));
    client.say(b"some");
    assert_eq!(client.exactly(4), b"part", "what did arrive is delivered");
    assert_eq!(server.line(), "sent");
    server.say(b"\n");
    server.finish().expect(0);
    let client = client.finish().expect(6);
    assert!(client.stderr.contains("4 B"), "it says how much arrived: {}", client.stderr);
}

#[test]
fn d8_d10_a_threading_server_serves_two_clients_at_once() {
    let script = r#"
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(1024):
            self.request.sendall(data)

class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

server = Server(("127.0.0.1", 0), Echo)
say(server.server_address[1])
import threading
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
server.shutdown()
"#;
    let Some((server, port)) = python::listen(script) else { return };
    let endpoint = format!("127.0.0.1:{port}");
    let mut slow = Program::start(sock(&["connect", &endpoint]));
    slow.say(b"slow\n");
    assert_eq!(slow.line(), "slow");
    let quick = Program::run(sock(&["connect", &endpoint]), b"quick\n").expect(0);
    assert_eq!(quick.text(), "quick\n");
    slow.say(b"still here\n");
    assert_eq!(slow.line(), "still here");
    slow.finish().expect(0);
    server.finish().expect(0);
}

#[test]
fn d9_a_select_server_passes_lines_between_two_clients() {
    let script = r#"
s = bound()
others = []
while True:
    ready, _, _ = select.select([s, sys.stdin] + others, [], [])
    for r in ready:
        if r is sys.stdin:
            sys.exit(0)
        elif r is s:
            c, address = s.accept()
            others.append(c)
            c.sendall(b"welcome %d\n" % len(others))
        else:
            data = r.recv(1024)
            if not data:
                others.remove(r)
                r.close()
            for other in others:
                if other is not r and data:
                    other.sendall(data)
"#;
    let Some((server, port)) = python::listen(script) else { return };
    let endpoint = format!("127.0.0.1:{port}");
    let mut first = Program::start(sock(&["connect", &endpoint]));
    assert_eq!(first.line(), "welcome 1");
    let mut second = Program::start(sock(&["connect", &endpoint]));
    assert_eq!(second.line(), "welcome 2");
    first.say(b"one\n");
    assert_eq!(second.line(), "one");
    second.say(b"two\n");
    assert_eq!(first.line(), "two");
    for client in [first, second] {
        assert_eq!(client.finish().expect(0).text(), "");
    }
    server.finish().expect(0);
}

#[test]
fn d10_a_handler_is_called_for_each_datagram() {
    let script = r#"
class Upper(socketserver.BaseRequestHandler):
    def handle(self):
        data, s = self.request
        s.sendto(data.upper(), self.client_address)

server = socketserver.UDPServer(("127.0.0.1", 0), Upper)
say(server.server_address[1])
for _ in range(3):
    server.handle_request()
"#;
    let Some((server, port)) = python::listen(script) else { return };
    let client = sock(&["send", &format!("udp://127.0.0.1:{port}"), "one", "two", "three"]);
    assert_eq!(Program::run(client, b"").expect(0).text(), "ONE\nTWO\nTHREE\n");
    server.finish().expect(0);
}

#[test]
fn the_small_services_are_read_to_their_end() {
    for (reply, wanted) in [
        (
            "b'Friday, November 20, 2026 12:00:00-UTC\\r\\n'",
            &b"Friday, November 20, 2026 12:00:00-UTC\r\n"[..],
        ),
        ("struct.pack('!I', 3986668800)", &3_986_668_800_u32.to_be_bytes()),
        ("b'A quote\\n of two lines\\n'", b"A quote\n of two lines\n"),
        ("bytes(range(32, 127)) * 10000", &[]),
    ] {
        let script = format!("s = bound()\nc, address = s.accept()\nc.sendall({reply})\nc.close()");
        let Some(client) = connect_to(&script, b"") else { return };
        if wanted.is_empty() {
            let line: Vec<u8> = (32..127).collect();
            assert!(client.stdout == line.repeat(10_000), "{} bytes", client.stdout.len());
        } else {
            assert_eq!(client.stdout, wanted);
        }
    }
}

#[test]
fn a_server_that_discards_is_given_everything() {
    let script = r"
s = bound()
c, address = s.accept()
say(len(until_end(c)))
c.close()
";
    let Some((mut server, port)) = python::listen(script) else { return };
    let client = sock(&["connect", &format!("127.0.0.1:{port}")]);
    assert_eq!(Program::run(client, &vec![7; 1_000_000]).expect(0).text(), "");
    assert_eq!(server.line(), "1000000");
    server.finish().expect(0);
}
