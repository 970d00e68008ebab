//! The lectures' programs, D1 to D10, with nobody watching and under the tracer: they print the same and end in the same way,
//! and the record tells everything that they said.

use std::collections::BTreeMap;
use std::fs::read_to_string;
use std::iter::repeat_with;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::thread::yield_now;

use sock_record::{Kind, Line, LinkKind};

use crate::bench::{Bench, Traced};
use crate::support::Program;

/// A server, and its clients in their order.
struct Pair<'a> {
    server: &'a [&'a str],
    clients: &'a [&'a [&'a str]],
    /// What the user types at the client; where there are several, nobody types.
    typed: &'a str,
    /// What stands in the output of the last client.
    shown: &'a str,
}

/// What Python says of a port that somebody else has taken meanwhile.
const IN_USE: &str = "Address already in use";

/// What a program printed and how it ended.
type Left = (String, i32);

impl Pair<'_> {
    /// Every program as words; in its own file is what it prints.
    fn programs(&self, bench: &Bench, run: &str, port: &str) -> Vec<Vec<String>> {
        let count = self.clients.len().to_string();
        let mut all = vec![[&self.server[..1], &[port, &count], &self.server[1..]].concat()];
        all.extend(self.clients.iter().map(|words| [&words[..1], &[port], &words[1..]].concat()));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trace/lectures.py");
        let program = |(n, words): (usize, Vec<&str>)| {
            let file = bench.path(&format!("{run}.{n}"));
            let python = bench.program(&script, words[0]);
            let line = format!("exec \"$@\" >'{}'", file.display());
            let shell = ["sh", "-c", &line, "sh"].map(str::to_owned).to_vec();
            shell.into_iter().chain(python).chain(words[1..].iter().map(|w| (*w).into())).collect()
        };
        all.into_iter().enumerate().map(program).collect()
    }

    fn left(&self, bench: &Bench, run: &str, statuses: &[i32]) -> Vec<Left> {
        assert_eq!(statuses.len(), 1 + self.clients.len());
        let sorts = self.clients.len() > 1;
        let printed = |n| read_to_string(bench.path(&format!("{run}.{n}"))).unwrap();
        statuses.iter().enumerate().map(|(n, status)| (told(&printed(n), sorts), *status)).collect()
    }

    fn traced(&self, bench: &Bench) -> (Vec<Left>, Traced) {
        let programs = self.programs(bench, "traced", &free_port());
        let finished = Program::run(bench.command(&["-q"], &programs), self.typed.as_bytes());
        let traced = Traced { finished, lines: bench.record() };
        let Some(Line::End(end)) = traced.lines.last() else { panic!("no end") };
        let statuses: Vec<i32> = end.exit.iter().map(|status| status.unwrap()).collect();
        (self.left(bench, "traced", &statuses), traced)
    }

    /// None where somebody else took the port meanwhile.
    fn untraced(&self, bench: &Bench) -> Option<Vec<Left>> {
        let port = free_port();
        let mut programs = self.programs(bench, "untraced", &port).into_iter().map(|words| {
            let mut command = Command::new(&words[0]);
            command.args(&words[1..]);
            Program::start(command)
        });
        let server = programs.next().unwrap();
        if !is_served(port.parse().unwrap(), &server) {
            let finished = server.finish();
            assert!(finished.stderr.contains(IN_USE), "{}", finished.stderr);
            return None;
        }
        let mut all: Vec<Program> = programs.collect();
        all[0].say(self.typed.as_bytes());
        all.insert(0, server);
        let statuses: Vec<i32> = all.into_iter().map(|program| program.finish().code()).collect();
        Some(self.left(bench, "untraced", &statuses))
    }

    fn judge(&self) {
        let Some(bench) = Bench::new() else { return };
        let untraced = repeat_with(|| self.untraced(&bench)).flatten().next().unwrap();
        let mut runs = repeat_with(|| self.traced(&bench));
        let is_tried = |(_, traced): &(_, Traced)| !traced.finished.stderr.contains(IN_USE);
        let (left, traced) = runs.find(is_tried).unwrap();
        assert_eq!(left, untraced, "{}", traced.finished.stderr);
        let last = left.last().unwrap();
        assert!(last.0.contains(self.shown), "{last:?}");
        assert_eq!(traced.printed(), (String::new(), last.1), "nothing of ours, and its status");
        traced.is_whole();
        says_what_was_said(&traced);
    }
}

/// All bytes were followed from one program to another, and each datagram came as it was sent.
fn says_what_was_said(traced: &Traced) {
    let calls: BTreeMap<_, _> = traced.calls().map(|call| (call.ev, call)).collect();
    let links = sock_ladder::pair(&traced.lines).links;
    let kinds = [LinkKind::Bytes, LinkKind::Dgram];
    let moved = links.iter().filter(|paired| kinds.contains(&paired.link.kind));
    let mut count = 0;
    for paired in moved {
        let [from, to] = [paired.link.from, paired.link.to].map(|ev| calls[&ev]);
        assert_ne!(from.proc, to.proc);
        if paired.link.kind == LinkKind::Dgram {
            assert_eq!((from.moved(), &from.data), (to.moved(), &to.data), "{from:?}\n{to:?}");
        }
        count += 1;
    }
    assert!(count > 0);
    let datagrams = traced.socks().values().any(|sock| sock.kind == Kind::Dgram);
    assert_eq!(datagrams, links.iter().any(|paired| paired.link.kind == LinkKind::Dgram));
}

/// What was printed, whatever the ports were; what of several clients may stand in any order is sorted.
fn told(printed: &str, sorts: bool) -> String {
    let port = |word: &str| if word.len() > 3 { "PORT".to_owned() } else { word.to_owned() };
    let mut lines: Vec<String> = Vec::new();
    for line in printed.lines() {
        let (mut text, mut number) = (String::new(), String::new());
        for c in line.chars().chain(['\n']) {
            if c.is_ascii_digit() {
                number.push(c);
            } else {
                text += &port(&std::mem::take(&mut number));
                text.push(c);
            }
        }
        lines.push(text);
    }
    if sorts {
        lines.sort();
    }
    lines.concat()
}

/// A port that is free, for TCP and for UDP.
fn free_port() -> String {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = tcp.local_addr().unwrap().port();
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port.to_string();
        }
    }
}

/// Waits until a server has this port, and asks nothing of it; false where it ends before.
fn is_served(port: u16, server: &Program) -> bool {
    // 127.0.0.1, as the kernel writes it on this machine.
    let here = format!("{:08X}:{port:04X}", u32::from_ne_bytes([127, 0, 0, 1]));
    let is_there = |file: &str, state: &str| {
        let table = read_to_string(file).unwrap();
        table.lines().any(|line| {
            let mut words = line.split_whitespace().skip(1);
            words.next() == Some(&here) && words.nth(1) == Some(state)
        })
    };
    let stat = format!("/proc/{}/stat", server.pid());
    let has_ended = || read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
    // Listening, and for a datagram socket: closed, which it always is.
    while !is_there("/proc/net/tcp", "0A") && !is_there("/proc/net/udp", "07") {
        if has_ended() {
            return false;
        }
        yield_now();
    }
    true
}

#[test]
fn d1_a_greeting() {
    let pair = Pair {
        server: &["d1_server"],
        clients: &[&["d1_client"], &["d1_client"]],
        typed: "",
        shown: "Thank you for connecting",
    };
    pair.judge();
}

#[test]
fn d2_upper_case_by_datagram() {
    let typed = "input lowercase sentence\n";
    let shown = "INPUT LOWERCASE SENTENCE";
    Pair { server: &["d2_server"], clients: &[&["d2_client"]], typed, shown }.judge();
}

#[test]
fn d3_upper_case_from_a_port_of_ones_own() {
    let (port, shown) = (free_port(), "HELLO FROM CLIENT1");
    let client: &[&str] = &["d3_client", &port, "hello from client1"];
    Pair { server: &["d3_server"], clients: &[client], typed: "", shown }.judge();
}

#[test]
fn d4_upper_case_by_stream() {
    let (typed, shown) = ("hello from tcp client\n", " From Server:  HELLO FROM TCP CLIENT");
    Pair { server: &["d4_server"], clients: &[&["d4_client"]], typed, shown }.judge();
}

#[test]
fn d5_a_chat_until_exit() {
    let (typed, shown) = ("Hi\ngrün\nExit\n", "Your data was 5 bytes");
    Pair { server: &["d5_server"], clients: &[&["d5_client"]], typed, shown }.judge();
}

#[test]
fn d6_an_echo_until_an_empty_line() {
    let (typed, shown) = ("one\ntwo\n\nthree\n", "Client received: b'two\\n'");
    Pair { server: &["d6_server"], clients: &[&["d6_client"]], typed, shown }.judge();
}

#[test]
fn d7_an_echo_that_survives_a_reset() {
    let (clients, shown): (&[&[&str]], _) = (&[&["d7_client"], &["d7_other"]], "b'hello'");
    Pair { server: &["d7_server"], clients, typed: "", shown }.judge();
}

/// Three clients at the same time.
const THREE: &[&[&str]] = &[&["d8_client", "one"], &["d8_client", "two"], &["d8_client", "three"]];

#[test]
fn d8_a_child_for_each_client() {
    Pair { server: &["d8_fork"], clients: THREE, typed: "", shown: "three, turn 2" }.judge();
}

#[test]
fn d8_a_thread_for_each_client() {
    Pair { server: &["d8_threads"], clients: THREE, typed: "", shown: "three, turn 2" }.judge();
}

#[test]
fn d8_a_coroutine_for_each_client() {
    let clients: &[&[&str]] = &[&["d8_asyncio_client", "one"], &["d8_asyncio_client", "two"]];
    Pair { server: &["d8_asyncio"], clients, typed: "", shown: "two, turn 2" }.judge();
}

#[test]
fn d9_one_thread_and_select() {
    Pair { server: &["d9_select"], clients: THREE, typed: "", shown: "three, turn 2" }.judge();
}

#[test]
fn d10_the_servers_of_socketserver() {
    for server in ["TCPServer", "ThreadingTCPServer", "ForkingTCPServer"] {
        let shown = "three, turn 2";
        Pair { server: &["d10_server", server], clients: THREE, typed: "", shown }.judge();
    }
    let clients: &[&[&str]] = &[&["d10_client", "hello"], &["d10_client", "again"]];
    for server in ["UDPServer", "ForkingUDPServer"] {
        Pair { server: &["d10_server", server], clients, typed: "", shown: "AGAIN" }.judge();
    }
}
