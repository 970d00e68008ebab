//! What is told of programs that do something unusual with their sockets, each a few lines of Python.

use rustix::process::Signal;
use sock_record::{Line, LinkKind};

use crate::bench::{Bench, Traced};
use crate::support::{Program, sock};

/// A program of these lines; `socket`, `os` and `time` are there.
fn lines(bench: &Bench, program: &str) -> Vec<String> {
    let python = bench.actor("none", &[]).swap_remove(0);
    let program = format!("import os, socket, time\n{program}");
    [&python, "-B", "-c", &program].map(str::to_owned).to_vec()
}

/// What was said of a trace: the codes and the sentences.
fn said(traced: &Traced, code: &str) -> Vec<String> {
    let notes = sock_ladder::explain(&traced.lines).into_iter();
    notes.filter(|note| note.code == code).map(|note| note.text).collect()
}

#[test]
fn messages_of_a_connection_that_keeps_them_apart_are_joined_one_by_one() {
    let Some(bench) = Bench::new() else { return };
    let program = "
one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
if os.fork() == 0:
    one.close()
    print([other.recv(3), other.recv(100), other.recv(100), other.recv(100)], flush=True)
    os._exit(0)
other.close()
for message in [b'hello world', b'second', b'']:
    one.send(message)
one.close()
os.wait()
";
    let traced = bench.trace(&["--name", "pair"], &[lines(&bench, program)]);
    assert_eq!(traced.printed(), ("[b'hel', b'second', b'', b'']\n".to_owned(), 0));
    let pairing = sock_ladder::pair(&traced.lines);
    let of = |kind: LinkKind| {
        let links = pairing.links.iter().map(|paired| &paired.link);
        let moved =
            |ev| traced.calls().find(|call| call.ev == ev).and_then(sock_record::Call::moved);
        let those = links.filter(|link| link.kind == kind);
        those.map(|link| (moved(link.from), moved(link.to))).collect::<Vec<_>>()
    };
    assert_eq!(of(LinkKind::Dgram), [(Some(11), Some(3)), (Some(6), Some(6)), (Some(0), Some(0))]);
    assert_eq!(of(LinkKind::Fin), [(None, Some(0))]);
    assert_eq!(said(&traced, "cut").len(), 1);
}

#[test]
fn a_client_with_a_time_limit_is_told_who_keeps_its_connection() {
    let Some(bench) = Bench::new() else { return };
    let port = bench.path("port");
    let server = "
server = socket.create_server(('127.0.0.1', 0))
with open(PORT + '.new', 'w') as file:
    file.write(str(server.getsockname()[1]))
os.rename(PORT + '.new', PORT)
kept = []
while True:
    connection, _ = server.accept()
    connection.sendall(connection.recv(10))
    kept.append(connection)
";
    let client = "
client = socket.create_connection(('127.0.0.1', int(open(PORT).read())), timeout=LIMIT)
client.sendall(b'hi')
try:
    while client.recv(10):
        pass
except TimeoutError:
    print('timed out')
";
    let told = |limit: &str, options: &[&str]| {
        // What a run before left is another server's.
        std::fs::remove_file(&port).ok();
        let head = format!("PORT, LIMIT = {:?}, {limit}\n", port.to_str().unwrap());
        let programs = [server, client].map(|program| lines(&bench, &(head.clone() + program)));
        let names = ["--name", "server", "--name", "client"];
        let traced = bench.trace(&[&names[..], options].concat(), &programs);
        (traced.printed().0, said(&traced, "not-closed"))
    };
    let is_told = |said: &[String]| {
        let [one] = said else { panic!("{said:?}") };
        one.starts_with("client waited ") && one.contains(": server holds the socket")
    };
    let (printed, said) = told("0.3", &[]);
    assert!(is_told(&said) && printed == "timed out\n", "{said:?}");
    let (printed, said) = told("60", &["--timeout", "1s"]);
    assert!(is_told(&said) && printed.is_empty(), "{said:?}");
}

/// Two programs of which each waits to receive from the other, in a thread, while its first thread does `first`; `last` is
/// what the server's first thread does then.
fn silent(bench: &Bench, first: &str, last: &str) -> [Vec<String>; 2] {
    let port = bench.path("port");
    let head = format!("import threading\nPORT = {:?}\n", port.to_str().unwrap());
    let common = format!(
        "
waiter = threading.Thread(target=lambda: connection.recv(10))
waiter.start()
{first}
"
    );
    let server = "
server = socket.create_server(('127.0.0.1', 0))
with open(PORT + '.new', 'w') as file:
    file.write(str(server.getsockname()[1]))
os.rename(PORT + '.new', PORT)
connection, _ = server.accept()
";
    let client = "connection = socket.create_connection(('127.0.0.1', int(open(PORT).read())))\n";
    let answers = "connection.sendall(b'hi')\n";
    [format!("{head}{server}{common}{last}"), format!("{head}{client}{common}{answers}")]
        .map(|program| lines(bench, &program))
}

#[test]
fn threads_that_join_do_not_hide_a_deadlock() {
    let Some(bench) = Bench::new() else { return };
    let programs = silent(&bench, "waiter.join()", "");
    let mut program = Program::start(bench.command(&[], &programs));
    program.error_line_with("a deadlock");
    program.signal(Signal::TERM);
    program.end();
    assert_eq!(program.finish().code(), 143);
}

#[test]
fn a_thread_that_goes_on_by_itself_is_no_deadlock() {
    let Some(bench) = Bench::new() else { return };
    // Each is at it when two seconds of silence are over.
    let end = "end = time.monotonic() + 3\n";
    for first in [
        "threading.Event().wait(3)",
        "time.sleep(3)",
        "while time.monotonic() < end: time.sleep(0)",
        "spare = socket.create_server(('127.0.0.1', 0)); spare.settimeout(3)\ntry: spare.accept()\nexcept TimeoutError: pass",
    ] {
        std::fs::remove_file(bench.path("port")).ok();
        let programs = silent(&bench, &format!("{end}{first}"), "connection.sendall(b'ho')\n");
        let traced = bench.trace(&["--live", "always"], &programs);
        assert_eq!(traced.printed().1, 0, "{}", traced.finished.stderr);
        assert!(
            !traced.finished.stderr.contains("deadlock"),
            "{first}: {}",
            traced.finished.stderr
        );
    }
}

/// A server and a client, `served` and `calls` of which happen on the two ends of a connection, called `connection`.
fn both(bench: &Bench, served: &str, calls: &str) -> Vec<String> {
    let program = format!(
        "
import signal, struct
LIMIT = struct.pack('ll', 3, 0)
server = socket.create_server(('127.0.0.1', 0))
if os.fork() == 0:
    connection = socket.create_connection(server.getsockname())
    server.close()
{calls}
    os._exit(0)
connection, _ = server.accept()
{served}
connection.close()
os.wait()
"
    );
    lines(bench, &program)
}

#[test]
fn a_receive_with_a_limit_of_time_is_no_deadlock() {
    let Some(bench) = Bench::new() else { return };
    let limited = "
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, LIMIT)
    try: connection.recv(10)
    except BlockingIOError: connection.sendall(b'beat')";
    let alarmed = "
    signal.signal(signal.SIGALRM, lambda *_: connection.sendall(b'beat') or os._exit(0))
    signal.alarm(3)
    connection.recv(10)";
    for calls in [limited, alarmed] {
        let program = both(&bench, "print(connection.recv(10))", calls);
        let traced = bench.trace(&[], &[program]);
        assert_eq!(traced.printed(), ("b'beat'\n".to_owned(), 0), "{}", traced.finished.stderr);
        assert!(
            !traced.finished.stderr.contains("deadlock"),
            "{calls}: {}",
            traced.finished.stderr
        );
    }
}

#[test]
fn a_receive_that_waits_for_all_its_bytes_and_has_some_is_part_of_a_deadlock() {
    let Some(bench) = Bench::new() else { return };
    // Once it waits before anything comes, and once it finds the first bytes there.
    for before in ["", "select.select([connection], [], [])\n"] {
        let served = format!("import select\n{before}connection.recv(10, socket.MSG_WAITALL)");
        let calls = "    connection.sendall(b'hello')\n    connection.recv(10)";
        let words = both(&bench, &served, calls);
        let mut program = Program::start(bench.command(&["--name", "pair"], &[words]));
        let told = program.error_line_with("a deadlock");
        assert!(told.contains("has 5 of the 10 bytes that it waits for (MSG_WAITALL)"), "{told}");
        program.signal(Signal::TERM);
        program.end();
        assert_eq!(program.finish().code(), 143);
    }
}

#[test]
fn who_has_the_name_of_another_is_told_by_its_port() {
    let Some(bench) = Bench::new() else { return };
    let port = bench.path("port");
    let head = format!("PORT = {:?}\n", port.to_str().unwrap());
    let server = "
server = socket.create_server(('127.0.0.1', 0))
with open(PORT + '.new', 'w') as file:
    file.write(str(server.getsockname()[1]))
os.rename(PORT + '.new', PORT)
one, _ = server.accept()
other, _ = server.accept()
other.recv(10)
";
    let client =
        "one = socket.create_connection(('127.0.0.1', int(open(PORT).read()))); one.recv(10)\n";
    let programs = [server, client, client].map(|program| lines(&bench, &(head.clone() + program)));
    let names = ["--timeout", "4s", "--name", "server", "--name", "client", "--name", "client"];
    let traced = bench.trace(&names, &programs);
    let notes = |code: &str| -> Vec<&str> {
        let notes = traced
            .lines
            .iter()
            .filter_map(|line| if let Line::Note(note) = line { Some(note) } else { None });
        notes.filter(|note| note.code == code).map(|note| &*note.text).collect()
    };
    let [deadlock] = notes("deadlock")[..] else { panic!("{:?}", traced.lines) };
    assert!(deadlock.contains("client (127.0.0.1:"), "{deadlock}");
    assert!(!deadlock.contains("server ("), "{deadlock}");
    let told = &traced.finished.stderr;
    assert!(told.contains(&format!("sock: {deadlock} (Ctrl-C ends this")), "{told}");
    let stopped = notes("stopped");
    let clients = stopped.iter().filter(|text| text.starts_with("sock ended client (127.0.0.1:"));
    let clients: std::collections::BTreeSet<&&str> = clients.collect();
    assert_eq!(clients.len(), 2, "each by its own port: {stopped:?}");
}

#[test]
fn a_program_that_a_signal_ended_has_it_in_its_row() {
    let Some(bench) = Bench::new() else { return };
    let calls = "    connection.sendall(b'hi')\n    os.kill(os.getpid(), signal.SIGKILL)";
    let program = both(&bench, "while connection.recv(10): pass", calls);
    let traced = bench.trace(&["--name", "pair"], &[program]);
    assert_eq!(traced.printed().1, 0, "{}", traced.finished.stderr);
    let page = &traced.finished.stderr;
    assert!(page.contains("ended by SIGKILL"), "{page}");
}

#[test]
fn who_failed_is_told_below_the_picture() {
    let Some(bench) = Bench::new() else { return };
    let programs = [lines(&bench, "os.kill(os.getpid(), 9)"), lines(&bench, "raise SystemExit(3)")];
    let options = ["--start", "now", "--name", "one", "--name", "other"];
    let traced = bench.trace(&options, &programs);
    assert_eq!(traced.printed().1, 3);
    let told = &traced.finished.stderr;
    let failed = "\none was ended by SIGKILL\nother ended with exit status 3\n";
    assert!(told.ends_with(failed), "{told}");
}

#[test]
fn a_receive_that_was_held_to_the_end_is_said_to_return_sooner_alone() {
    let Some(bench) = Bench::new() else { return };
    let calls = "
    connection.sendall(b'one')
    end = time.monotonic() + 0.1
    while time.monotonic() < end: pass";
    let program = both(&bench, "connection.recv(10)", calls);
    let told = |options: &[&str]| {
        let told = bench.trace(options, std::slice::from_ref(&program)).finished.stderr;
        told.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let held = told(&[]);
    let sooner = "waited for 0.3 ms or longer: without sock it may return sooner";
    assert!(held.contains(sooner), "{held}");
    let free = told(&["--hold", "0"]);
    assert!(!free.contains("without sock"), "{free}");
}

#[test]
fn an_end_of_a_pair_that_was_only_closed_is_no_stranger() {
    let Some(bench) = Bench::new() else { return };
    let alone = "
for kind in [socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET]:
    one, other = socket.socketpair(socket.AF_UNIX, kind)
    other.close()
    try:
        one.send(b'x')
    except OSError:
        print('failed')
    one.close()
";
    let with_child = "
one, other = socket.socketpair()
if os.fork() == 0:
    other.close()
    one.close()
    os._exit(0)
one.close()
print('failed' if not other.recv(10) else '')
os.wait()
";
    for (program, failures) in [(alone, 3), (with_child, 1)] {
        let traced = bench.trace(&["--live", "always"], &[lines(&bench, program)]);
        assert_eq!(traced.printed(), ("failed\n".repeat(failures), 0));
        let page = &traced.finished.stderr;
        assert!(!page.contains("not recorded") && page.contains("close"), "{page}");
        let record = bench.path("record.jsonl");
        let page = Program::run(sock(&["show", record.to_str().unwrap()]), b"");
        assert!(!page.text().contains("not recorded"), "{}", page.text());
    }
}
