//! Our servers as Python's `socket` sees them, one row of the lectures after the other.

use crate::python;
use crate::support::Server;

const TCP: &str = "tcp://127.0.0.1:0";
const UDP: &str = "udp://127.0.0.1:0";

/// Serves at one port of the scheme, lets the script call it, and stops.
#[track_caller]
fn called_by(service: &[&str], endpoint: &str, script: &str) {
    let server = Server::start(service, &[endpoint]);
    let scheme = endpoint.split(':').next().expect("a scheme");
    python::run(script, &[&server.port(scheme)]);
    server.stop();
}

#[test]
fn d1_a_greeting_and_the_end() {
    called_by(
        &["greet"],
        TCP,
        r#"
for _ in range(3):
    s = call(sys.argv[1])
    expect(until_end(s), b"Thank you for connecting")
    s.close()
"#,
    );
}

#[test]
fn d2_upper_case_by_datagram() {
    called_by(
        &["upper"],
        UDP,
        r#"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server = ("127.0.0.1", int(sys.argv[1]))
for text in ("hello", "straße", "", "x" * 9000):
    s.sendto(text.encode(), server)
    got, sender = s.recvfrom(65535)
    expect(got.decode(), text.upper())
    expect(sender, server)
s.sendto(b"\xff ok \xfe", server)
expect(s.recv(100), b"\xff OK \xfe")
"#,
    );
}

#[test]
fn d3_the_server_shows_who_sent_what() {
    let mut server = Server::start(&["upper"], &[UDP]);
    let script = r#"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 0))
s.sendto(b"hello from client1", ("127.0.0.1", int(sys.argv[1])))
expect(s.recv(100), b"HELLO FROM CLIENT1")
say(s.getsockname()[1])
"#;
    let Some(port) = python::run(script, &[&server.port("udp")]) else { return };
    let datagram = server.event_named("datagram");
    assert_eq!(datagram["text"], "hello from client1");
    assert_eq!(datagram["bytes"], 18);
    let peer = datagram["peer"].as_str().expect("a peer");
    assert!(peer.ends_with(&format!("127.0.0.1:{}", port.trim())), "{datagram}");
    server.stop();
}

#[test]
fn d4_one_message_up_one_down_and_the_end() {
    called_by(
        &["upper", "--close-after-reply"],
        TCP,
        r#"
for _ in range(3):
    s = call(sys.argv[1])
    s.sendall(b"hello from tcp client")
    expect(until_end(s), b"HELLO FROM TCP CLIENT")
    s.close()
"#,
    );
}

#[test]
fn d4_everything_until_the_client_ends() {
    called_by(
        &["upper"],
        TCP,
        r#"
s = call(sys.argv[1])
for piece in (b"stra", b"\xc3", b"\x9fe, ", b"two"):
    s.sendall(piece)
s.shutdown(socket.SHUT_WR)
expect(until_end(s), b"STRASSE, TWO")
"#,
    );
}

#[test]
fn d5_each_message_is_acknowledged_until_exit() {
    called_by(
        &["ack"],
        TCP,
        r#"
for end in ("", "\n", "\r\n"):
    s = call(sys.argv[1])
    for text in ("Hi", "grün", "Bye, and more"):
        s.sendall((text + end).encode())
        reply = f"Your data was {len(text.encode())} bytes{end}".encode()
        expect(exactly(s, len(reply)), reply)
    s.sendall(("Exit" + end).encode())
    expect(until_end(s), ("Disconnect" + end).encode())
    s.close()
"#,
    );
}

#[test]
fn d6_every_byte_comes_back() {
    called_by(
        &["echo"],
        TCP,
        r#"
s = call(sys.argv[1])
for line in (b"one\n", b"two\n", bytes(range(256)) * 64):
    s.sendall(line)
    expect(exactly(s, len(line)), line)
s.shutdown(socket.SHUT_WR)
expect(until_end(s), b"")
"#,
    );
}

#[test]
fn d6_every_datagram_comes_back_alone() {
    called_by(
        &["echo"],
        UDP,
        r#"
s = call(sys.argv[1], socket.SOCK_DGRAM)
for text in (b"one", b"", b"x" * 65507):
    s.send(text)
    expect(s.recv(65535), text)
"#,
    );
}

#[test]
fn d7_a_client_that_resets_harms_nobody() {
    called_by(
        &["echo"],
        TCP,
        r#"
steady = call(sys.argv[1])
for _ in range(5):
    s = call(sys.argv[1])
    s.sendall(b"some")
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()
steady.sendall(b"still here")
expect(exactly(steady, 10), b"still here")
"#,
    );
}

#[test]
fn d6_on_every_engine_one_client_after_the_other() {
    for engine in ["iterative", "threads", "fork", "select", "epoll", "uring", "tokio"] {
        called_by(
            &["echo", "--engine", engine],
            TCP,
            r#"
for n in range(3):
    s = call(sys.argv[1])
    s.sendall(b"%d" % n)
    s.shutdown(socket.SHUT_WR)
    expect(until_end(s), b"%d" % n)
    s.close()
"#,
        );
    }
}

#[test]
fn d8_d9_a_slow_client_holds_up_nobody() {
    for engine in ["threads", "fork", "select", "epoll", "uring", "tokio"] {
        called_by(
            &["echo", "--engine", engine],
            TCP,
            r#"
slow = [call(sys.argv[1]) for _ in range(3)]
slow[0].sendall(b"half a mess")
for _ in range(3):
    quick = call(sys.argv[1])
    quick.sendall(b"quick")
    expect(exactly(quick, 5), b"quick")
    quick.close()
slow[0].sendall(b"age")
expect(exactly(slow[0], 14), b"half a message")
"#,
        );
    }
}

#[test]
fn a_line_in_the_chat_goes_to_all_the_others() {
    called_by(
        &["chat"],
        TCP,
        r#"
def line_with(reader, words):
    while True:
        line = reader.readline()
        assert line, f"the end, and no {words!r}"
        if words in line:
            return line

first = call(sys.argv[1])
hears_first = first.makefile("r", encoding="utf-8", newline="\n")
first.sendall(b"ping\n")
second = call(sys.argv[1])
hears_second = second.makefile("r", encoding="utf-8", newline="\n")
# A newcomer's first words may be his name: the next ones are a line in any case.
second.sendall(b"second\n")
second.sendall("grüße\n".encode())
line_with(hears_first, "grüße")
first.sendall(b"back to you\n")
line_with(hears_second, "back to you")
second.shutdown(socket.SHUT_WR)
rest = hears_second.read()
assert "grüße" not in rest, rest
assert hears_first.readline(), "a leave is announced"
"#,
    );
}

#[test]
fn the_small_services_answer_over_tcp() {
    for (service, script) in [
        (
            "discard",
            "s.sendall(b'x' * 100000)\ns.shutdown(socket.SHUT_WR)\nexpect(until_end(s), b'')",
        ),
        (
            "daytime",
            "got = until_end(s)\nassert got.endswith(b'\\r\\n') and got.isascii() and len(got) > 10, got",
        ),
        (
            "chargen",
            r"
first, second = exactly(s, 74), exactly(s, 74)
assert first.endswith(b'\r\n') and all(32 <= b < 127 for b in first[:-2]), first
expect(second[:71], first[1:72])
",
        ),
        (
            "time",
            r"
got = until_end(s)
expect(len(got), 4)
since_1970 = struct.unpack('!I', got)[0] - 2208988800
assert abs(since_1970 - time.time()) < 5, since_1970
",
        ),
        ("qotd", "got = until_end(s)\nassert 0 < len(got) <= 512, got"),
    ] {
        called_by(&[service], TCP, &format!("s = call(sys.argv[1])\n{script}"));
    }
}

#[test]
fn the_small_services_answer_over_udp() {
    for (service, script) in [
        (
            "discard",
            // Nobody answers; that the server lives is seen when it stops.
            "s.send(b'x')\ns.setblocking(False)\nexpect(select.select([s], [], [], 0)[0], [])",
        ),
        ("daytime", "s.send(b'')\ngot = s.recv(600)\nassert got.isascii() and len(got) > 10, got"),
        (
            "chargen",
            r"
s.send(b'x' * 100)
assert 0 < len(s.recv(2000)) <= 100
s.send(b'x' * 1400)
assert 0 < len(s.recv(2000)) <= 512
",
        ),
        (
            "time",
            r"
s.send(b'')
since_1970 = struct.unpack('!I', s.recv(100))[0] - 2208988800
assert abs(since_1970 - time.time()) < 5, since_1970
",
        ),
        ("qotd", "s.send(b'')\ngot = s.recv(2000)\nassert 0 < len(got) <= 512, got"),
    ] {
        let script = format!("s = call(sys.argv[1], socket.SOCK_DGRAM)\n{script}");
        called_by(&[service], UDP, &script);
    }
}
