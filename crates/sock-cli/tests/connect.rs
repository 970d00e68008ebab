//! `connect`: by hand, in a pipe, in datagrams; each of its options and each of its ends.

#![allow(clippy::unwrap_used, reason = "what fails of the bench fails the test")]

#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};
use std::thread::spawn;
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use rustix::process::Signal;
use support::{Finished, LIMIT, Leash, Program, Server, sock};

fn connect(arguments: &[&str], input: &[u8]) -> Finished {
    Program::run(sock(&[&["connect"], arguments].concat()), input)
}

/// A listener of our own, and its endpoint.
fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("tcp://{}", listener.local_addr().unwrap());
    (listener, endpoint)
}

/// A port where nothing listens: it was ours a moment ago.
fn closed_port() -> u16 {
    listener().0.local_addr().unwrap().port()
}

fn udp_peer() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let endpoint = format!("udp://{}", socket.local_addr().unwrap());
    (socket, endpoint)
}

#[test]
fn eight_mebibytes_come_back_whole() {
    let server = Server::start(&["echo"], &["tcp:127.0.0.1:0"]);
    let input: Vec<u8> =
        (0..8_u32 << 20).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let finished = connect(&[&server.endpoint("tcp")], &input).expect(0);
    assert!(finished.stdout == input, "{} bytes came back", finished.stdout.len());
    assert!(finished.stderr.contains("sent 8388608 B, received 8388608 B"), "{}", finished.stderr);
    server.stop();
}

#[test]
fn regular_files_are_input_and_output() {
    let server = Server::start(&["upper"], &["tcp:127.0.0.1:0"]);
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    std::fs::write(&from, "line\n".repeat(50_000)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sock"));
    command.args(["connect", "-q", &server.endpoint("tcp")]);
    command.stdin(File::open(from).unwrap()).stdout(File::create(&to).unwrap());
    assert_eq!(command.status().unwrap().code(), Some(0));
    assert!(std::fs::read_to_string(to).unwrap() == "LINE\n".repeat(50_000));
    server.stop();
}

#[test]
fn the_streams_that_it_inherits_stay_blocking() {
    let server = Server::start(&["echo"], &["tcp:127.0.0.1:0"]);
    let (mut input, give) = std::io::pipe().unwrap();
    let (take, output) = std::io::pipe().unwrap();
    let is_nonblocking = |fd: &dyn std::os::fd::AsFd| {
        rustix::fs::fcntl_getfl(fd.as_fd()).unwrap().contains(rustix::fs::OFlags::NONBLOCK)
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_sock"));
    command.args(["connect", "-q", &server.endpoint("tcp")]);
    command.stdin(input.try_clone().unwrap()).stdout(output.try_clone().unwrap());
    let mut child = command.spawn().unwrap();
    (&give).write_all(b"hi").unwrap();
    let mut came = [0; 2];
    (&take).read_exact(&mut came).unwrap();
    // While it runs, and shares both with us.
    assert!(!is_nonblocking(&input) && !is_nonblocking(&output));
    drop((give, output));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(input.read(&mut came).unwrap(), 0);
    server.stop();
}

#[test]
fn a_late_reply_is_not_lost() {
    let (listener, endpoint) = listener();
    let mut program = Program::start(sock(&["connect", &endpoint]));
    let (mut peer, _) = listener.accept().unwrap();
    program.say(b"question");
    program.end();
    let mut heard = String::new();
    peer.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "question");
    for part in ["first ", "second ", "third"] {
        peer.write_all(part.as_bytes()).unwrap();
        assert_eq!(program.exactly(part.len()), part.as_bytes());
    }
    drop(peer);
    program.finish().expect(0);
}

#[test]
fn a_closed_port_is_named_with_every_address_that_was_tried() {
    let port = closed_port().to_string();
    let finished = connect(&[&port], b"").expect(4);
    let expected = format!(
        "sock: cannot connect to tcp:{port}: 127.0.0.1:{port}: connection refused, [::1]:{port}: \
         connection refused; nothing listens there: start the server, or check the port\n"
    );
    // A machine without IPv6 says so, which is an honest answer too.
    let rest = finished.stderr.strip_prefix(&expected[..expected.find(", [::1]").unwrap()]);
    assert!(
        finished.stderr == expected || rest.is_some_and(|rest| rest.contains("[::1]")),
        "{}",
        finished.stderr
    );

    let finished = connect(&["-4", &format!("localhost:{port}")], b"").expect(4);
    assert!(
        finished.stderr.contains(&format!("127.0.0.1:{port}: connection refused")),
        "{}",
        finished.stderr
    );
}

#[test]
fn errors_are_events_for_scripts() {
    let endpoint = format!("tcp://127.0.0.1:{}", closed_port());
    let finished = connect(&["--json", &endpoint], b"").expect(4);
    let event: serde_json::Value = serde_json::from_str(&finished.stderr).unwrap();
    assert_eq!((&event["event"], &event["code"]), (&"error".into(), &4.into()));
    assert!(event["cure"].as_str().unwrap().contains("start the server"), "{event}");
    assert_eq!(finished.stdout, b"");
}

#[test]
fn a_unix_socket_that_is_not_there_is_refused() {
    connect(&["unix:/nowhere/at/all"], b"").expect(4);
}

#[test]
fn an_unknown_host_is_status_3() {
    let finished = connect(&["no.such.host.invalid:7"], b"").expect(3);
    assert!(
        finished.stderr.starts_with("sock: cannot resolve 'no.such.host.invalid'"),
        "{}",
        finished.stderr
    );
}

#[test]
fn silence_is_status_5_where_a_limit_was_set() {
    let (listener, endpoint) = listener();
    let program =
        Program::start(sock(&["connect", "--idle-timeout", "50ms", "--recv-only", &endpoint]));
    let (_peer, _) = listener.accept().unwrap();
    let finished = program.finish().expect(5);
    assert!(finished.stderr.contains("sock: timeout: "), "{}", finished.stderr);
}

#[test]
fn a_peer_that_never_ends_is_waited_for_no_longer_than_linger() {
    let (listener, endpoint) = listener();
    let program = Program::start(sock(&["connect", "--linger", "50ms", &endpoint]));
    let (_peer, _) = listener.accept().unwrap();
    program.finish().expect(5);
}

#[test]
fn a_connection_that_is_not_answered_times_out() {
    // The queue of this listener is full: further callers are not answered (tcp(7)).
    let listener = rustix::net::socket(
        rustix::net::AddressFamily::INET,
        rustix::net::SocketType::STREAM,
        None,
    )
    .unwrap();
    rustix::net::bind(&listener, &std::net::SocketAddrV4::new([127, 0, 0, 1].into(), 0)).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let listener = TcpListener::from(listener);
    let addr = listener.local_addr().unwrap();
    let _waiting = TcpStream::connect(addr).unwrap();
    let finished = connect(&["--connect-timeout", "100ms", &addr.to_string()], b"").expect(5);
    assert!(finished.stderr.contains("timed out"), "{}", finished.stderr);
}

#[test]
fn a_reset_is_status_6_and_says_how_much_had_arrived() {
    let (listener, endpoint) = listener();
    let mut program = Program::start(sock(&["connect", "-q", &endpoint]));
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"half an ans").unwrap();
    assert_eq!(program.exactly(11), b"half an ans");
    set_socket_linger(&peer, Some(Duration::ZERO)).unwrap();
    drop(peer);
    let finished = program.finish().expect(6);
    let expected = format!(
        "sock: cut short: {endpoint} reset the connection: 11 B had arrived, 0 B were sent\n"
    );
    assert_eq!(finished.stderr, expected);
}

#[test]
fn signals_end_it_at_once() {
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (listener, endpoint) = listener();
        let mut program = Program::start(sock(&["connect", &endpoint]));
        let (mut peer, _) = listener.accept().unwrap();
        peer.write_all(b"!").unwrap();
        assert_eq!(program.exactly(1), b"!");
        program.signal(signal);
        program.until_end();
        program.finish().expect(status);
    }
}

#[test]
fn a_signal_ends_it_even_while_nobody_takes_its_last_words() {
    let (listener, endpoint) = listener();
    let mut command = sock(&["connect", &endpoint]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().unwrap();
    let (unread, errors) = (child.stdout.take(), child.stderr.take().unwrap());
    let mut program = Leash::new(child, LIMIT);
    let (mut peer, _) = listener.accept().unwrap();
    // More than the pipe holds, and no more than what is between holds: the conversation ends.
    peer.write_all(&vec![b'x'; 128 << 10]).unwrap();
    drop(peer);
    let told: Vec<String> = BufReader::new(errors).lines().map(Result::unwrap).take(2).collect();
    assert!(told[1].starts_with("closed by "), "{told:?}");
    rustix::process::kill_process(program.pid(), Signal::TERM).unwrap();
    let status = program.wait();
    assert!(!program.was_pulled(), "{told:?}");
    let signal = ExitStatusExt::signal(&status);
    assert_eq!(status.code().or(signal.map(|n| 128 + n)), Some(143));
    drop(unread);
}

#[test]
fn it_waits_until_something_listens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("later");
    let endpoint = format!("unix:{}", path.display());
    let program = Program::start(sock(&["connect", "--wait", "20s", "--recv-only", &endpoint]));
    let listener = UnixListener::bind(path).unwrap();
    listener.accept().unwrap().0.write_all(b"at last").unwrap();
    assert_eq!(program.finish().expect(0).stdout, b"at last");

    let endpoint = format!("tcp://127.0.0.1:{}", closed_port());
    connect(&["--wait", "50ms", &endpoint], b"").expect(4);
}

#[test]
fn it_only_sees_whether_somebody_is_there() {
    let (_listener, endpoint) = listener();
    let finished = connect(&["-z", &endpoint], b"not sent").expect(0);
    assert_eq!((finished.stdout, finished.stderr), (Vec::new(), format!("{endpoint} is open\n")));
    connect(&["-z", &format!("127.0.0.1:{}", closed_port())], b"").expect(4);

    let (peer, endpoint) = udp_peer();
    let finished = connect(&["-z", "--wait-reply", "50ms", &endpoint], b"").expect(0);
    assert!(finished.stderr.contains("may be open"), "{}", finished.stderr);
    drop(peer);
    connect(&["-z", &endpoint], b"").expect(4);
}

#[test]
fn one_direction_is_enough() {
    let (listener, endpoint) = listener();
    let program = Program::start(sock(&["connect", "--recv-only", &endpoint]));
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"news").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    // Nothing is sent, not even what is on standard input.
    assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    assert_eq!(program.finish().expect(0).stdout, b"news");

    let mut program = Program::start(sock(&["connect", "--send-only", &endpoint]));
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"not shown").unwrap();
    program.say(b"all there is");
    program.end();
    let mut heard = Vec::new();
    peer.read_to_end(&mut heard).unwrap();
    assert_eq!(heard, b"all there is");
    drop(peer);
    assert_eq!(program.finish().expect(0).stdout, b"");
}

#[test]
fn what_is_typed_is_translated_and_what_comes_is_dumped() {
    let server = Server::start(&["echo"], &["tcp:127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    assert_eq!(connect(&["--crlf", &endpoint], b"a\nb\r\n").expect(0).stdout, b"a\r\nb\r\n");
    let escaped = connect(&["--escape", &endpoint], b"\\x00\\r\\n\nno end\\\n").expect(0);
    assert_eq!(escaped.stdout, b"\0\r\n\nno end");
    let dump = connect(&["--hex", &endpoint], b"Hi\n").expect(0).text();
    assert_eq!(dump, format!("00000000  48 69 0a{} |Hi.|\n", " ".repeat(41)));
    let wrong = connect(&["--escape", &endpoint], b"good\nb\\ad\n").expect(1);
    assert_eq!(wrong.text(), "good\n");
    assert!(wrong.stderr.contains("'\\a' stands for no byte"), "{}", wrong.stderr);
    server.stop();
}

#[test]
fn it_closes_once_the_peer_has_said_the_word() {
    let (listener, endpoint) = listener();
    let program = Program::start(sock(&["connect", "--until", r"\r\n.\r\n", &endpoint]));
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"text\r\n.\r").unwrap();
    peer.write_all(b"\n").unwrap();
    let mut heard = Vec::new();
    peer.read_to_end(&mut heard).unwrap();
    drop(peer);
    assert_eq!(program.finish().expect(0).stdout, b"text\r\n.\r\n");
}

#[test]
fn each_line_is_a_datagram_and_silence_is_the_end() {
    let server = Server::start(&["upper"], &["udp:127.0.0.1:0"]);
    let endpoint = server.endpoint("udp");
    let finished = connect(&["--wait-reply", "300ms", &endpoint], b"one\ntwo\nthree").expect(0);
    assert_eq!(finished.text(), "ONE\nTWO\nTHREE");
    server.stop();
}

#[test]
fn input_is_cut_into_datagrams_as_it_is_told() {
    for (how, sizes) in [("line", vec![2, 3, 1]), ("4", vec![4, 2]), ("all", vec![6])] {
        let (peer, endpoint) = udp_peer();
        connect(&["--send-only", "--datagram", how, &endpoint], b"a\nbc\nd").expect(0);
        let mut buf = [0; 100];
        let came: Vec<usize> = sizes.iter().map(|_| peer.recv(&mut buf).unwrap()).collect();
        assert_eq!(came, sizes, "{how}");
    }
}

#[test]
fn the_largest_datagram_goes_and_comes_whole_and_a_larger_one_is_reported() {
    const LARGEST: usize = 65_507;
    let server = Server::start(&["echo"], &["udp:127.0.0.1:0"]);
    let endpoint = server.endpoint("udp");
    let input: Vec<u8> = (0..=250).cycle().take(LARGEST).collect();
    let finished =
        connect(&["--datagram", "all", "--wait-reply", "500ms", &endpoint], &input).expect(0);
    assert!(finished.stdout == input, "{} bytes came back", finished.stdout.len());

    let input = vec![b'x'; LARGEST + 1];
    let finished = connect(&["--datagram", "all", "--send-only", &endpoint], &input).expect(0);
    assert!(finished.stderr.contains("no datagram holds more than 65507 B"), "{}", finished.stderr);
    server.stop();
}

#[test]
fn a_datagram_that_had_to_be_cut_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let peer = UnixDatagram::bind(&path).unwrap();
    let endpoint = format!("unixgram:{}", path.display());
    let mut program = Program::start(sock(&["connect", &endpoint]));
    program.say(b"how much can you take?\n");
    let (_, addr) = peer.recv_from(&mut [0; 100]).unwrap();
    peer.send_to_addr(&vec![b'x'; 100_000], &addr).unwrap();
    assert!(program.exactly(65_536).iter().all(|byte| *byte == b'x'));
    let finished = program.finish().expect(6);
    let text = "the last 34464 B of a datagram had no room and are lost\n";
    assert!(finished.stderr.contains(&format!("\n{text}")), "{}", finished.stderr);
    assert!(finished.stderr.ends_with(&format!("sock: cut short: {text}")), "{}", finished.stderr);
}

#[test]
fn a_datagram_that_nobody_takes_is_refused() {
    let (peer, endpoint) = udp_peer();
    drop(peer);
    let finished = connect(&[&endpoint], b"anybody?\n").expect(4);
    let expected = format!(
        "sock: refused: nothing listens at {endpoint}; start the server, or check the port\n"
    );
    assert!(finished.stderr.ends_with(&expected), "{}", finished.stderr);
}

#[test]
fn a_socket_has_the_options_that_were_asked_for() {
    let (listener, endpoint) = listener();
    let free = closed_port().to_string();
    let server = spawn(move || listener.accept().unwrap());
    let mut program = Program::start(sock(&["connect", "--bind", &free, "--reset", &endpoint]));
    let (mut peer, addr) = server.join().unwrap();
    assert_eq!(addr.port().to_string(), free);
    program.say(b"!");
    peer.read_exact(&mut [0]).unwrap();
    program.end();
    let reset = peer.read(&mut [0]).unwrap_err();
    assert_eq!(reset.kind(), std::io::ErrorKind::ConnectionReset);
    program.finish().expect(0);
}

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let server = Server::start(&["chargen"], &["tcp:127.0.0.1:0"]);
    let mut head = Command::new("sh");
    head.args(["-c", "{ \"$0\" connect -q \"$1\" < /dev/zero; echo $? >&2; } | head -n 2"]);
    head.args([env!("CARGO_BIN_EXE_sock"), &server.endpoint("tcp")]);
    head.stdin(Stdio::null());
    let finished = Program::run(head, b"").expect(0);
    assert_eq!((finished.text().lines().count(), finished.stderr.as_str()), (2, "0\n"));
    server.stop();
}

#[test]
fn a_disk_that_is_full_is_a_failure_and_not_a_silence() {
    let server = Server::start(&["echo"], &["tcp:127.0.0.1:0"]);
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" connect -q \"$1\" > /dev/full"]);
    command.args([env!("CARGO_BIN_EXE_sock"), &server.endpoint("tcp")]);
    let finished = Program::run(command, b"hi").expect(1);
    assert_eq!(finished.stderr, "sock: cannot write to stdout: no space left on device\n");
    server.stop();
}

#[test]
fn an_input_that_cannot_be_read_is_a_failure() {
    let server = Server::start(&["echo"], &["tcp:127.0.0.1:0"]);
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" connect -q \"$1\" < /"]);
    command.args([env!("CARGO_BIN_EXE_sock"), &server.endpoint("tcp")]);
    let finished = Program::run(command, b"").expect(1);
    assert_eq!(finished.stderr, "sock: cannot read from stdin: is a directory\n");
    server.stop();
}

#[test]
fn every_option_of_sockets_is_taken_by_every_verb_that_opens_one() {
    let all = [
        "--connect-timeout",
        "5s",
        "--idle-timeout",
        "1m",
        "--linger",
        "30s",
        "-4",
        "--nodelay",
        "--no-nodelay",
        "--keepalive=30s",
        "--rcvbuf",
        "64KiB",
        "--sndbuf",
        "65536",
        "--ttl",
        "5",
        "--tos",
        "16",
        "--color",
        "never",
    ];
    let serve: Vec<&str> = ["echo"].iter().chain(&all).copied().collect();
    let server = Server::start(&serve, &["tcp:127.0.0.1:0", "udp:127.0.0.1:0"]);
    for scheme in ["tcp", "udp"] {
        let endpoint = server.endpoint(scheme);
        let finished =
            connect(&[&all[..], &["--wait-reply", "200ms", &endpoint]].concat(), b"hi").expect(0);
        assert_eq!(finished.text(), "hi", "{scheme}");
        let finished =
            Program::run(sock(&[&["send"], &all[..], &[&endpoint, "hi"]].concat()), b"").expect(0);
        assert_eq!(finished.text(), "hi\n", "{scheme}");
    }
    server.stop();
}

#[test]
fn a_conversation_is_told_in_full_where_it_is_asked_for() {
    let server = Server::start(&["upper"], &["tcp:127.0.0.1:0"]);
    let endpoint = server.endpoint("tcp");
    let told = connect(&["-v", &endpoint], b"hi\n").expect(0).stderr;
    let lines: Vec<&str> = told.lines().collect();
    let [first, .., last] = &lines[..] else { panic!("{told}") };
    assert!(first.starts_with(&format!("connected to {endpoint} from 127.0.0.1:")), "{told}");
    assert!(last.starts_with("closed by us (FIN) after 0."), "{told}");
    assert!(last.ends_with(" s: sent 3 B, received 3 B"), "{told}");
    for line in ["sent 3 B: \"hi\\n\"", "received 3 B: \"HI\\n\""] {
        assert!(lines.contains(&line), "{told}");
    }

    let told = connect(&["-v", "--json", &endpoint], b"hi\n").expect(0).stderr;
    let events: Vec<serde_json::Value> =
        told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seen = |name: &str, dir: &str| {
        events.iter().any(|e| e["event"] == name && (dir.is_empty() || e["dir"] == dir))
    };
    assert!(
        seen("open", "") && seen("data", "out") && seen("data", "in") && seen("close", ""),
        "{told}"
    );
    assert!(events.iter().all(|event| event["t"].is_number()), "{told}");
    server.stop();
}

#[test]
fn a_peer_to_which_nobody_listens_any_more_is_left_although_it_does_not_end() {
    for options in
        [&["--send-only"][..], &["--until", "bye"], &["--until", "bye", "--linger", "9s"]]
    {
        let (listener, endpoint) = listener();
        let mut program = Program::start(sock(&[&["connect", &endpoint], options].concat()));
        let (mut peer, _) = listener.accept().unwrap();
        program.say(b"all we say");
        peer.read_exact(&mut [0; 10]).unwrap();
        peer.write_all(b"good bye").unwrap();
        if options[0] == "--send-only" {
            program.end();
        }
        let mut rest = Vec::new();
        peer.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"");
        let finished = match options {
            [.., "9s"] => {
                drop(peer);
                program.finish().expect(0)
            }
            _ => program.finish().expect(0),
        };
        assert!(!finished.stderr.contains("sock: "), "{}", finished.stderr);
    }
}

#[test]
fn what_until_waits_for_and_never_came_is_a_timeout() {
    let (listener, endpoint) = listener();
    let program =
        Program::start(sock(&["connect", &endpoint, "--until", "bye", "--linger", "20ms"]));
    let (mut peer, _) = listener.accept().unwrap();
    peer.write_all(b"good by").unwrap();
    assert_eq!(program.finish().expect(5).text(), "good by");
}

#[test]
fn a_hangup_ends_it_with_a_word_and_its_status() {
    let (listener, endpoint) = listener();
    let program = Program::start(sock(&["connect", &endpoint]));
    let (_peer, _) = listener.accept().unwrap();
    let mut program = program;
    program.error_line_with("connected to");
    program.signal(Signal::HUP);
    assert_eq!(program.until_end(), b"");
    let finished = program.finish().expect(129);
    assert!(finished.stderr.starts_with("closed by us"), "{}", finished.stderr);
}

#[test]
fn a_reader_of_the_events_that_does_not_read_keeps_it_from_no_end() {
    let (listener, endpoint) = listener();
    for arguments in [&["connect", "-v"][..], &["connect", "--json"], &["send", "hello"]] {
        let (_reader, mut full) = std::io::pipe().unwrap();
        let size = rustix::pipe::fcntl_getpipe_size(&full).unwrap();
        full.write_all(&vec![b'x'; size]).unwrap();
        let mut command = sock(&[&arguments[..1], &[&endpoint], &arguments[1..]].concat());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(full).process_group(0);
        let mut program = Leash::new(command.spawn().unwrap(), LIMIT);
        drop(listener.accept().unwrap());
        // Whether the signal finds it talking, or waiting for its reader.
        rustix::process::kill_process(program.pid(), Signal::TERM).unwrap();
        let status = program.wait();
        let code = status.code().or(status.signal().map(|signal| 128 + signal));
        assert_eq!(code, Some(143), "{arguments:?}");
        assert!(!program.was_pulled());
    }
}

#[test]
fn no_attempt_takes_longer_than_the_wait() {
    let (listener, endpoint) = listener();
    rustix::net::listen(&listener, 0).unwrap();
    // The one that the queue holds: whoever comes next gets no answer.
    let _first = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let finished =
        connect(&[&endpoint, "--wait", "50ms", "--connect-timeout", "2h"], b"").expect(5);
    assert!(finished.stderr.contains("timed out"), "{}", finished.stderr);
}
