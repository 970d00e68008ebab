//! `serve`: its streams, its events, its engines, its stop.

#[allow(dead_code, unused_imports, reason = "each test program uses its part of the support")]
mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Signal, kill_process};
use serde_json::Value;
use support::{LIMIT, Leash, Program, Server, sock};

const ENGINES: [&str; 7] = ["iterative", "threads", "fork", "select", "epoll", "uring", "tokio"];

fn serve(arguments: &[&str]) -> Program {
    Program::start(sock(&[&["serve"], arguments].concat()))
}

/// What stands behind `listening on `, and its port.
fn listening(server: &mut Program) -> (String, u16) {
    let line = server.error_line_with("listening on ");
    let endpoint = line.strip_prefix("listening on ").expect("that is how the line begins");
    let port = endpoint.rsplit(':').next().and_then(|port| port.parse().ok());
    (endpoint.to_owned(), port.unwrap_or_else(|| panic!("no port in {line}")))
}

fn call(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket takes a limit");
    stream
}

/// Replaces what differs from run to run: ports and times.
fn settled(text: &str, ports: &[(u16, &str)]) -> String {
    let mut text = text.to_owned();
    for (port, name) in ports {
        text = text.replace(&port.to_string(), name);
    }
    let mut lines = Vec::new();
    for line in text.lines() {
        let (before, after) = line.split_once(" after ").unwrap_or((line, ""));
        let number = after.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let is_time = number.len() < after.len() && number.starts_with(" s");
        lines.push(if is_time { format!("{before} after T{number}") } else { line.to_owned() });
    }
    lines.join("\n") + "\n"
}

#[test]
fn a_conversation_is_told_in_lines_and_stdout_stays_empty() {
    let mut server = serve(&["echo", "tcp:127.0.0.1:0"]);
    let (endpoint, port) = listening(&mut server);
    assert_eq!(endpoint, format!("tcp://127.0.0.1:{port}"));
    let mut client = call(port);
    let own = client.local_addr().expect("a connected socket has a name").port();
    client.write_all(b"hello\n").expect("the server lives");
    client.read_exact(&mut [0; 6]).expect("an echo");
    drop(client);
    let mut seen = String::new();
    for _ in 0..2 {
        seen += &(server.error_line() + "\n");
    }
    server.signal(Signal::TERM);
    let finished = server.finish().expect(0);
    assert_eq!(finished.stdout, b"");
    seen += &finished.stderr;
    insta::assert_snapshot!(settled(&seen, &[(port, "PORT"), (own, "CLIENT")]));
}

#[test]
fn upper_shows_each_datagram_and_where_it_came_from() {
    let mut server = serve(&["upper", "udp:127.0.0.1:0"]);
    let (_, port) = listening(&mut server);
    let client = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    client.send_to(b"hello from client1", ("127.0.0.1", port)).expect("a datagram goes");
    let line = server.error_line();
    let own = client.local_addr().expect("a bound socket has a name");
    assert_eq!(line, format!("{own}: received a datagram of 18 B: \"hello from client1\""));
    server.signal(Signal::INT);
    server.finish().expect(0);
}

#[test]
fn scripts_read_one_event_a_line() {
    let mut server = Server::start(&["ack"], &["tcp:127.0.0.1:0", "udp:127.0.0.1:0"]);
    let port = server.port("tcp").parse().expect("a port");
    let mut client = call(port);
    client.write_all(b"Exit\n").expect("the server lives");
    let mut reply = String::new();
    client.read_to_string(&mut reply).expect("a reply");
    assert_eq!(reply, "Disconnect\n");
    let own = client.local_addr().expect("a connected socket has a name").to_string();
    drop(client);
    let (open, close) = (server.event(), server.event());
    assert_eq!((&open["event"], &open["peer"]), (&"open".into(), &own.into()), "{open}");
    assert_eq!(close["event"], "close", "{close}");
    assert_eq!(close["conn"], open["conn"]);
    let facts = ["by", "how", "sent", "received"].map(|name| close[name].clone());
    assert_eq!(facts, [Value::from("us"), "fin".into(), 11.into(), 5.into()]);
    assert!(close["seconds"].as_f64().is_some() && close["t"].as_f64().is_some(), "{close}");
    server.stop();
}

#[test]
fn data_is_told_where_it_is_asked_for_and_nothing_where_silence_is() {
    let mut server = serve(&["upper", "-v", "tcp:127.0.0.1:0"]);
    let (_, port) = listening(&mut server);
    call(port).write_all(b"hi\n").expect("the server lives");
    assert!(server.error_line_with("received").ends_with("\"hi\\n\""));
    server.signal(Signal::TERM);
    server.finish().expect(0);

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let endpoint = format!("unix:{}", path.display());
    let quiet = serve(&["echo", "-q", &endpoint]);
    Program::run(sock(&["connect", "-q", "--wait", "20s", &endpoint]), b"hi").expect(0);
    quiet.signal(Signal::TERM);
    let finished = quiet.finish().expect(0);
    assert_eq!((finished.stdout, finished.stderr.as_str()), (Vec::new(), ""));
    assert!(!path.exists(), "the socket's file goes with the server");
}

#[test]
fn every_engine_serves_and_stops() {
    for engine in ENGINES {
        let mut server = Server::start(&["echo", "--engine", engine], &["tcp:127.0.0.1:0"]);
        let finished =
            Program::run(sock(&["connect", &server.endpoint("tcp")]), b"hello").expect(0);
        assert_eq!(finished.text(), "hello", "{engine}");
        assert_eq!(server.event_named("close")["received"], 5, "{engine}");
        server.stop();
    }
}

#[test]
fn a_server_that_forks_has_one_thread() {
    let server = Server::start(&["echo", "--engine", "fork"], &["tcp:127.0.0.1:0"]);
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.pid())).expect("it lives");
    assert_eq!(tasks.count(), 1);
    server.stop();
}

#[test]
fn a_busy_port_is_refused_although_workers_share_it() {
    for scheme in ["tcp", "udp"] {
        let all = format!("{scheme}:127.0.0.1:0");
        let first = Server::start(&["echo", "--workers", "2"], &[&all]);
        let endpoint = first.endpoint(scheme);
        let second =
            Program::run(sock(&["serve", "echo", "--workers", "2", &endpoint]), b"").expect(8);
        let start = format!("sock: cannot listen on {endpoint}: address already in use; ");
        assert!(second.stderr.starts_with(&start), "{}", second.stderr);
        assert!(second.stderr.contains(&first.pid().to_string()), "{}", second.stderr);
        first.stop();
    }
}

#[test]
fn where_nobody_may_listen_is_status_8() {
    let finished = Program::run(sock(&["serve", "echo", "192.0.2.1:0"]), b"").expect(8);
    assert!(
        finished.stderr.starts_with("sock: cannot listen on tcp://192.0.2.1:0: "),
        "{}",
        finished.stderr
    );
    Program::run(sock(&["serve", "echo", "unix:/nowhere/at/all"]), b"").expect(8);
    Program::run(sock(&["serve", "echo", "no.such.host.invalid:0"]), b"").expect(3);
}

#[test]
fn a_stop_waits_for_conversations_and_a_second_one_does_not() {
    let mut server = serve(&["echo", "--grace", "30s", "tcp:127.0.0.1:0"]);
    let (_, port) = listening(&mut server);
    let mut client = call(port);
    client.write_all(b"before").expect("the server lives");
    client.read_exact(&mut [0; 6]).expect("an echo");
    server.signal(Signal::TERM);
    // It takes nobody new, and goes on with who is there.
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {}
    client.write_all(b"after").expect("the conversation goes on");
    client.read_exact(&mut [0; 5]).expect("an echo");
    server.signal(Signal::TERM);
    server.finish().expect(0);
    let mut rest = Vec::new();
    // An end or a reset: it was ended in the middle.
    let _ = client.read_to_end(&mut rest);
    assert_eq!(rest, b"");
}

#[test]
fn once_is_one_conversation() {
    let mut server = serve(&["echo", "--once", "tcp:127.0.0.1:0"]);
    let (endpoint, _) = listening(&mut server);
    Program::run(sock(&["connect", &endpoint]), b"the only one").expect(0);
    server.finish().expect(0);
}

#[test]
fn some_may_connect_and_others_may_not() {
    let mut server = Server::start(&["echo", "--deny", "127.0.0.0/8"], &["tcp:127.0.0.1:0"]);
    let mut client = call(server.port("tcp").parse().expect("a port"));
    let mut rest = Vec::new();
    // An end or a reset, but never an echo.
    let _ = client.write_all(b"let me in");
    let _ = client.read_to_end(&mut rest);
    assert_eq!(rest, b"");
    assert_eq!(server.event_named("close")["how"], "denied");
    server.stop();
}

#[test]
fn the_default_endpoints_move_with_bind() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("a bound socket has a name").port();
    drop(taken);
    let mut server = serve(&["greet", "--bind", &format!("127.0.0.1:{port}")]);
    assert_eq!(listening(&mut server).1, port);
    server.signal(Signal::TERM);
    server.finish().expect(0);
}

#[test]
fn a_record_of_any_engine_can_be_drawn_again() {
    let folder = tempfile::tempdir().expect("a folder");
    for engine in ENGINES {
        let file = folder.path().join(engine);
        let file = file.to_str().expect("a path of letters");
        let record = ["upper", "--engine", engine, "--record", file];
        let mut server = Server::start(&record, &["tcp:127.0.0.1:0"]);
        Program::run(sock(&["connect", &server.endpoint("tcp")]), b"shown").expect(0);
        server.event_named("close");
        server.stop();
        let drawn = Program::run(sock(&["show", file]), b"").expect(0).text();
        assert!(drawn.contains("\"shown\"") && drawn.contains("\"SHOWN\""), "{engine}:\n{drawn}");
    }
    let unwritable = ["serve", "echo", "127.0.0.1:0", "--record", "/nowhere/at/all"];
    let finished = Program::run(sock(&unwritable), b"").expect(1);
    assert!(
        finished.stderr.starts_with("sock: cannot record to /nowhere/at/all: "),
        "{}",
        finished.stderr
    );
}

#[test]
fn a_client_records_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("record");
    let file = file.to_str().expect("a path of letters");
    let server = Server::start(&["upper"], &["tcp:127.0.0.1:0"]);
    Program::run(sock(&["send", "--record", file, &server.endpoint("tcp"), "shown"]), b"")
        .expect(0);
    server.stop();
    let drawn = Program::run(sock(&["show", file]), b"").expect(0).text();
    assert!(drawn.contains("\"SHOWN\\n\""), "{drawn}");
}

#[test]
fn nobody_reads_the_events_any_more() {
    let mut command = sock(&["serve", "echo", "--json", "127.0.0.1:0"]);
    let mut child =
        command.stdout(Stdio::piped()).process_group(0).spawn().expect("cargo built it");
    let mut events = BufReader::new(child.stdout.take().expect("a pipe was asked for"));
    let mut server = Leash::new(child, LIMIT);
    let mut line = String::new();
    events.read_line(&mut line).expect("an event");
    let event: Value = serde_json::from_str(&line).expect("JSON");
    let endpoint = event["endpoint"].as_str().expect("an endpoint");
    drop(events);
    // Callers come and go until the server finds that nobody wants to know. A program that another
    // test starts at this moment may hold a copy of our end of the pipe until it is itself.
    while Program::run(sock(&["connect", "-q", endpoint]), b"hi").code() == 0 {}
    assert_eq!(server.wait().code(), Some(0));
    assert!(!server.was_pulled());
}

#[test]
fn stdio_takes_one_client_and_is_the_other_half_of_connect() {
    let mut server = serve(&["stdio", "--json", "tcp:127.0.0.1:0"]);
    let event: Value = serde_json::from_str(&server.error_line()).expect("events are on stderr");
    let endpoint = event["endpoint"].as_str().expect("an endpoint").to_owned();
    let mut client = Program::start(sock(&["connect", "-q", &endpoint]));
    client.say(b"from the client\n");
    assert_eq!(server.line(), "from the client");
    server.say(b"from the server\n");
    assert_eq!(client.line(), "from the server");
    client.end();
    assert_eq!(server.until_end(), b"");
    server.say(b"late\n");
    assert_eq!(server.finish().expect(0).text(), "");
    assert_eq!(client.finish().expect(0).text(), "late\n");
}

#[test]
fn stdio_speaks_datagrams_to_its_first_caller() {
    let mut server = serve(&["stdio", "udp:127.0.0.1:0"]);
    let (_, port) = listening(&mut server);
    let client = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    client.set_read_timeout(Some(Duration::from_secs(20))).expect("a socket takes a limit");
    client.send_to(b"hello\n", ("127.0.0.1", port)).expect("a datagram goes");
    assert_eq!(server.line(), "hello");
    server.say(b"and to you\n");
    let mut buf = [0; 100];
    let n = client.recv(&mut buf).expect("a datagram comes");
    assert_eq!(&buf[..n], b"and to you\n");
    server.signal(Signal::TERM);
    server.until_end();
    server.finish().expect(143);
}

#[test]
fn a_pause_at_a_named_point_is_taken_there() {
    const PAUSE: f64 = 0.06;
    for point in ["read", "write", "close"] {
        let option = format!("--pause-{point}");
        let mut server = Server::start(&["upper", &option, "60ms"], &["tcp:127.0.0.1:0"]);
        let finished = Program::run(sock(&["connect", &server.endpoint("tcp")]), b"hi").expect(0);
        assert_eq!(finished.text(), "HI", "{point}");
        let close = server.event_named("close");
        assert!(close["seconds"].as_f64() >= Some(PAUSE), "{point}: {close}");
        server.stop();
    }
    let mut server =
        Server::start(&["upper", "--pause-accept", "60ms", "--once"], &["tcp:127.0.0.1:0"]);
    let finished =
        Program::run(sock(&["connect", "-v", "--json", &server.endpoint("tcp")]), b"hi").expect(0);
    server.event_named("close");
    let close = finished.stderr.lines().last().expect("a last line");
    let close: Value = serde_json::from_str(close).expect("JSON");
    assert!(close["seconds"].as_f64() >= Some(PAUSE), "accept: {close}");
}

/// Its number may be left out, and what stands before it is no number.
#[test]
fn a_server_that_spins_serves() {
    let ways: [&[&str]; 3] = [&["--busy-poll", "-v"], &["--busy-poll", "50"], &["--busy-poll=2ms"]];
    for how in ways {
        for engine in ENGINES {
            let options = [&["echo", "--engine", engine], how].concat();
            let mut server = Server::start(&options, &["tcp:127.0.0.1:0"]);
            let endpoint = server.endpoint("tcp");
            let finished = Program::run(sock(&["connect", &endpoint]), b"awake?").expect(0);
            assert_eq!(finished.text(), "awake?", "{engine} {how:?}");
            server.event_named("close");
            server.stop();
        }
    }
}

#[test]
fn the_children_of_fork_do_not_hold_our_input_and_output() {
    let finished = Program::run(sock(&["serve", "stdio", "127.0.0.1:0", "--engine", "fork"]), b"");
    let finished = finished.expect(2);
    assert!(finished.stderr.contains("another engine"), "{}", finished.stderr);
}

#[test]
fn too_few_descriptors_are_an_error_and_no_panic() {
    for most in 4..16 {
        let mut short = Command::new("sh");
        let limited = format!("ulimit -n {most}; exec \"$0\" serve echo 127.0.0.1:0 --once");
        short.args(["-c", &limited, env!("CARGO_BIN_EXE_sock")]);
        // Where it listens after all it is told to end at once, by its standard output's end.
        short.stdout(Stdio::null()).stdin(Stdio::null());
        let mut child = short.stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        stderr.read_line(&mut line).unwrap();
        if line.starts_with("listening") {
            child.kill().unwrap();
        }
        child.wait().unwrap();
        assert!(!line.contains("panicked"), "ulimit -n {most}: {line}");
    }
}

/// A pipe that is full, and has a reader that does not read.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    let size = rustix::pipe::fcntl_getpipe_size(&writer).expect("a pipe has a size");
    writer.write_all(&vec![b'x'; size]).expect("there is room");
    (reader, writer)
}

#[test]
fn a_reader_that_does_not_read_keeps_nobody_from_ending() {
    let folder = tempfile::tempdir().expect("a folder");
    for engine in ENGINES {
        let path = folder.path().join(engine);
        let endpoint = format!("unix:{}", path.display());
        let (_reader, full) = full_pipe();
        let mut command = sock(&["serve", "echo", "-v", "--engine", engine, &endpoint]);
        let child = command.stderr(full).process_group(0).spawn().expect("cargo built it");
        let mut server = Leash::new(child, LIMIT);
        let mut client = loop {
            if let Ok(client) = UnixStream::connect(&path) {
                break client;
            }
            std::thread::yield_now();
        };
        client.write_all(b"hello").expect("the server lives");
        client.read_exact(&mut [0; 5]).expect("an echo");
        drop(client);
        kill_process(server.pid(), Signal::TERM).expect("it lives");
        assert_eq!(server.wait().code(), Some(0), "{engine}");
        assert!(!server.was_pulled() && !path.exists(), "{engine}");
    }
}

#[test]
fn a_hangup_is_a_stop_unless_it_is_ignored() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let endpoint = format!("unix:{}", path.display());
    let mut server = serve(&["echo", &endpoint]);
    server.error_line_with("listening");
    server.signal(Signal::HUP);
    server.finish().expect(0);
    assert!(!path.exists());

    let mut nohup = Command::new("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$0\" serve echo --grace 0 \"$1\""]);
    nohup.args([env!("CARGO_BIN_EXE_sock"), &endpoint]);
    let mut server = Program::start(nohup);
    server.error_line_with("listening");
    server.signal(Signal::HUP);
    Program::run(sock(&["connect", "-q", &endpoint]), b"it lives").expect(0);
    server.signal(Signal::TERM);
    server.finish().expect(0);
}

#[test]
fn a_record_goes_wherever_it_can_be_written_and_what_cannot_is_told_at_once() {
    let mut server =
        serve(&["echo", "--record", "/dev/full", "--engine", "epoll", "tcp:127.0.0.1:0"]);
    let told = "sock: cannot write the record to /dev/full: no space left on device";
    server.error_line_with(told);
    server.signal(Signal::TERM);
    let finished = server.finish().expect(1);
    assert!(!finished.stderr.contains("record"), "once: {}", finished.stderr);

    let finished = Program::run(
        sock(&["serve", "echo", "--once", "--record", "/dev/full", "192.0.2.1:0"]),
        b"",
    );
    finished.expect(1);

    let server = Server::start(&["upper"], &["tcp:127.0.0.1:0"]);
    let arguments = ["connect", "-q", "--record", "/dev/stderr", &server.endpoint("tcp")];
    let finished = Program::run(sock(&arguments), b"hi").expect(0);
    assert!(finished.stderr.starts_with("{\"type\":\"meta\""), "{}", finished.stderr);
    assert_eq!(finished.text(), "HI");
    let arguments = ["connect", "-q", "--json", "--record", "/dev/full", &server.endpoint("tcp")];
    let finished = Program::run(sock(&arguments), b"hi").expect(1);
    let event: Value = serde_json::from_str(&finished.stderr).expect("one event");
    assert_eq!((&event["event"], &event["code"]), (&"error".into(), &1.into()));
    assert_eq!(finished.text(), "HI", "the conversation goes on");
    server.stop();
}
