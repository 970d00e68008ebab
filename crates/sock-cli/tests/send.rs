//! `send`: each message and the reply to it.

#![allow(clippy::unwrap_used, reason = "what fails of the bench fails the test")]

#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::thread::spawn;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use rustix::process::{Signal, kill_process};
use support::{Finished, LIMIT, Leash, Program, Server, sock};

fn send(arguments: &[&str]) -> Finished {
    Program::run(sock(&[&["send"], arguments].concat()), b"")
}

#[test]
fn it_is_the_client_of_the_lectures() {
    let server = Server::start(&["upper"], &["udp:127.0.0.1:0", "tcp:127.0.0.1:0"]);
    let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let finished =
        send(&[&server.endpoint("udp"), "--bind", &free, "hello from client1"]).expect(0);
    assert_eq!(finished.text(), "HELLO FROM CLIENT1\n");
    assert!(finished.stderr.contains(&format!("127.0.0.1:{free}")), "{}", finished.stderr);
    let finished = send(&[&server.endpoint("tcp"), "one", "two"]).expect(0);
    assert_eq!(finished.text(), "ONE\nTWO\n");
    server.stop();
}

#[test]
fn a_reply_without_a_line_end_is_what_came_until_the_peer_paused() {
    let server = Server::start(&["ack"], &["tcp:127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let finished = send(&[&endpoint, "--raw", "Hi", "Exit"]).expect(0);
    assert_eq!(finished.text(), "Your data was 2 bytes\nDisconnect\n");
    let finished = send(&[&endpoint, "Hi", "there"]).expect(0);
    assert_eq!(finished.text(), "Your data was 2 bytes\nYour data was 5 bytes\n");
    server.stop();
}

#[test]
fn a_reply_may_be_all_that_came_before_the_end() {
    let server = Server::start(&["greet"], &["tcp:127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    assert_eq!(send(&[&endpoint, "hello"]).expect(0).text(), "Thank you for connecting\n");
    let finished = send(&[&endpoint, "hello", "again"]).expect(6);
    assert_eq!(finished.text(), "Thank you for connecting\n");
    let cut = format!("sock: cut short: {endpoint} ended after 1 of 2 replies\n");
    assert!(finished.stderr.ends_with(&cut), "{}", finished.stderr);
    server.stop();
}

#[test]
fn a_line_is_a_reply_and_the_rest_is_not_lost() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
    let server = spawn(move || {
        let (mut peer, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(peer.try_clone().unwrap()).lines();
        for reply in ["220 banner\r\n250 first\r\n", "250 second\r\n250 rest\r\n"] {
            lines.next().unwrap().unwrap();
            peer.write_all(reply.as_bytes()).unwrap();
        }
        assert!(lines.next().is_none());
    });
    let finished = send(&[&endpoint, "HELO", "NOOP"]).expect(0);
    server.join().unwrap();
    assert_eq!(finished.text(), "220 banner\n250 first\n250 second\n250 rest\n");
}

#[test]
fn a_datagram_without_a_reply_is_a_timeout_unless_none_is_wanted() {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("udp://{}", peer.local_addr().unwrap());
    let finished = send(&[&endpoint, "--wait-reply", "50ms", "anybody?"]).expect(5);
    let text = format!("sock: timeout: no reply from {endpoint} to message 1\n");
    assert!(finished.stderr.ends_with(&text), "{}", finished.stderr);
    assert_eq!(finished.text(), "");
    send(&[&endpoint, "--no-reply", "one", "two"]).expect(0);
    let mut buf = [0; 100];
    let came: Vec<usize> = (0..3).map(|_| peer.recv(&mut buf).unwrap()).collect();
    assert_eq!(came, [8, 3, 3]);
}

#[test]
fn an_empty_reply_is_a_reply() {
    let server = Server::start(&["echo"], &["udp:127.0.0.1:0"]);
    assert_eq!(send(&[&server.endpoint("udp"), "", "x"]).expect(0).text(), "\nx\n");
    server.stop();
}

#[test]
fn escapes_and_raw_bytes_are_sent_as_told() {
    let server = Server::start(&["echo"], &["tcp:127.0.0.1:0"]);
    let finished = send(&[&server.endpoint("tcp"), "--raw", "--escape", r"a\x00b\r\n"]).expect(0);
    assert_eq!(finished.stdout, b"a\0b\n");
    server.stop();
}

#[test]
fn a_port_where_nothing_listens_is_refused() {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("udp://{}", peer.local_addr().unwrap());
    drop(peer);
    send(&[&endpoint, "anybody?"]).expect(4);
    send(&["no.such.host.invalid:7", "anybody?"]).expect(3);
}

#[test]
fn events_go_to_stderr_in_json() {
    let server = Server::start(&["echo"], &["tcp:127.0.0.1:0"]);
    let finished = send(&["--json", &server.endpoint("tcp"), "hi"]).expect(0);
    assert_eq!(finished.text(), "hi\n");
    let names: Vec<String> = finished
        .stderr
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|event| event["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["open", "close"]);
    server.stop();
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let server = Server::start(&["chargen"], &["tcp:127.0.0.1:0"]);
    let mut head = Command::new("sh");
    head.args(["-c", "{ \"$0\" send -q \"$1\" hi; echo $? >&2; } | head -n 2"]);
    head.args([env!("CARGO_BIN_EXE_sock"), &server.endpoint("tcp")]);
    let finished = Program::run(head, b"").expect(0);
    assert_eq!((finished.text().lines().count(), finished.stderr.as_str()), (2, "0\n"));
    server.stop();
}

#[test]
fn an_option_behind_a_message_is_an_option_and_two_dashes_end_them() {
    let server = Server::start(&["upper"], &["tcp:127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    assert_eq!(send(&[&endpoint, "abc", "--raw"]).expect(0).text(), "ABC\n");
    assert_eq!(send(&[&endpoint, "--", "-x"]).expect(0).text(), "-X\n");
    send(&[&endpoint, "-x"]).expect(2);
    server.stop();
}

/// A program that has sent its message, and its peer, which has heard it.
fn asked(options: &[&str]) -> (Program, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
    let program = Program::start(sock(&[&["send", &endpoint, "hello"], options].concat()));
    let (peer, _) = listener.accept().unwrap();
    let mut heard = String::new();
    BufReader::new(&peer).read_line(&mut heard).unwrap();
    assert_eq!(heard, "hello\n");
    (program, peer)
}

#[test]
fn what_had_arrived_of_a_reply_is_printed_however_the_conversation_ends() {
    let (mut program, mut peer) = asked(&["-v"]);
    peer.write_all(b"half a re").unwrap();
    program.error_line_with("received 9 B");
    set_socket_linger(&peer, Some(Duration::ZERO)).unwrap();
    drop(peer);
    assert_eq!(program.finish().expect(6).text(), "half a re\n");

    for (signal, status) in [(Signal::TERM, 143), (Signal::INT, 130)] {
        let (mut program, mut peer) = asked(&["-v"]);
        peer.write_all(b"half a re").unwrap();
        program.error_line_with("received 9 B");
        program.signal(signal);
        assert_eq!(program.finish().expect(status).text(), "half a re\n");
    }
}

#[test]
fn a_peer_that_keeps_its_side_open_is_left() {
    let (program, mut peer) = asked(&["--linger", "20ms"]);
    peer.write_all(b"HELLO\n").unwrap();
    assert_eq!(program.finish().expect(0).text(), "HELLO\n");
    let (program, peer) = asked(&["--linger", "20ms", "--no-reply"]);
    program.finish().expect(0);
    let (program, peer_too) = asked(&[]);
    (&peer_too).write_all(b"HELLO\n").unwrap();
    assert_eq!(program.finish().expect(0).text(), "HELLO\n", "by itself, too");
    drop((peer, peer_too));
}

#[test]
fn a_line_without_an_end_is_printed_while_it_comes() {
    let (mut program, mut peer) = asked(&[]);
    let piece = vec![b'x'; 1 << 17];
    for _ in 0..16 {
        peer.write_all(&piece).unwrap();
        assert!(program.exactly(1 << 16).iter().all(|byte| *byte == b'x'));
    }
    peer.write_all(b"\nend\n").unwrap();
    drop(peer);
    let text = program.finish().expect(0).text();
    assert!(text.ends_with("x\nend\n") && text.lines().count() == 2);
    assert_eq!(text.len() + (1 << 20), (1 << 21) + "\nend\n".len());
}

#[test]
fn a_message_that_no_datagram_holds_is_refused_at_once() {
    let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("udp://{}", peer.local_addr().unwrap());
    let longest = "x".repeat(65_507);
    let text = format!(
        "sock: cannot send message 2 to {endpoint}: message too long: 65508 B; at most 65507 B fit \
         one datagram\n"
    );
    for reply in [&["--no-reply"][..], &["--wait-reply", "30s"]] {
        let too_long = longest.clone() + "x";
        let finished = send(&[&[endpoint.as_str()], reply, &["one", &too_long]].concat()).expect(6);
        assert_eq!(finished.stderr, text);
    }
    send(&[&endpoint, "--no-reply", &longest]).expect(0);
    let mut buf = vec![0; 1 << 16];
    assert_eq!(peer.recv(&mut buf).unwrap(), 65_507, "and nothing before it");
    // A send buffer may hold less than a datagram may: nobody waits for a reply to that either.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let _peer = UnixDatagram::bind(&path).unwrap();
    let endpoint = format!("unixgram:{}", path.display());
    let small = ["-q", "--sndbuf", "4KiB", "--wait-reply", "30s", endpoint.as_str()];
    let finished = send(&[&small[..], &[&longest]].concat()).expect(6);
    let cut = "sock: cut short: a datagram of 65507 B was not sent: ";
    assert!(finished.stderr.starts_with(cut), "{}", finished.stderr);
}

#[test]
fn errors_name_the_address_that_was_called() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let program = Program::start(sock(&["send", "-q", &port.to_string(), "hello"]));
    let (peer, _) = listener.accept().unwrap();
    BufReader::new(&peer).read_line(&mut String::new()).unwrap();
    drop(peer);
    let text = format!("sock: cut short: tcp://127.0.0.1:{port} ended after 0 of 1 replies\n");
    assert_eq!(program.finish().expect(6).stderr, text);
}

#[test]
fn a_reader_that_does_not_read_keeps_it_from_no_end() {
    let server = Server::start(&["chargen"], &["tcp:127.0.0.1:0"]);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = sock(&["send", "-q", &server.endpoint("tcp"), "hi"]);
    let child = command.stdout(writer).process_group(0).spawn().unwrap();
    let mut program = Leash::new(child, LIMIT);
    drop(command);
    reader.read_exact(&mut [0]).unwrap();
    kill_process(program.pid(), Signal::TERM).unwrap();
    assert_eq!(program.wait().code(), Some(143));
    assert!(!program.was_pulled());
    server.stop();
}
