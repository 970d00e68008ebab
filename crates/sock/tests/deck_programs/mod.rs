//! Runs the example programs and their Python partners: each under a deadline, each ended by its
//! own id, with all that it prints.

#![allow(dead_code, reason = "each test program uses its part")]

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

/// Each step takes milliseconds; the rest is for a machine that is busy.
const LIMIT: Duration = Duration::from_secs(20);

/// What a program is written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Rust,
    Python,
}

use Who::{Python, Rust};

/// A server and its client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) server: Who,
    pub(crate) client: Who,
}

/// Every pair that this machine can run: ours alone, and each of ours with Python's other half.
///
/// # Panics
///
/// Without Python, if `SOCK_TESTS_NEED_PEERS` is set to 1.
pub(crate) fn pairs() -> Vec<Pair> {
    let mut pairs = vec![Pair { server: Rust, client: Rust }];
    if Command::new("python3").arg("--version").stdout(Stdio::null()).status().is_ok() {
        pairs.push(Pair { server: Rust, client: Python });
        pairs.push(Pair { server: Python, client: Rust });
        return pairs;
    }
    crate::needs::lacks("python3");
    pairs
}

/// The program `name` in Rust or Python, ready to start.
pub(crate) fn program(who: Who, name: &str) -> Command {
    match who {
        Rust => Command::new(example(name)),
        Python => {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python");
            let mut command = Command::new("python3");
            command.arg("-uB").arg(folder.join(name).with_extension("py"));
            command
        }
    }
}

/// Cargo puts the examples beside the folder of the test programs.
fn example(name: &str) -> PathBuf {
    let this = env::current_exe().expect("the path of this program");
    let folder = this.ancestors().nth(2).expect("target/PROFILE/deps/TEST").join("examples");
    let example = folder.join(name);
    assert!(example.exists(), "{} is missing: cargo build -p sock --examples", example.display());
    example
}

/// A program that runs; it is ended when this is dropped.
pub(crate) struct Running {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<Vec<u8>>,
    complaints: Receiver<String>,
    seen: String,
}

impl Running {
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut stdout = child.stdout.take().expect("a pipe was asked for");
        let stderr = child.stderr.take().expect("a pipe was asked for");
        let (tell_output, output) = channel();
        let (tell_complaint, complaints) = channel();
        // Both end with the program's pipes, or with the one who listens.
        thread::spawn(move || {
            let mut buf = [0; 4096];
            while let Ok(len @ 1..) = stdout.read(&mut buf) {
                if tell_output.send(buf[..len].to_vec()).is_err() {
                    return;
                }
            }
        });
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if tell_complaint.send(line).is_err() {
                    return;
                }
            }
        });
        let name = format!("{command:?}");
        let input = child.stdin.take();
        Self { name, child, input, output, complaints, seen: String::new() }
    }

    /// Starts a server on a port of the system's choice, and returns that port as well.
    pub(crate) fn server(who: Who, name: &str) -> (Self, u16) {
        let mut command = program(who, name);
        command.args(["127.0.0.1", "0"]);
        let mut server = Self::start(command);
        let line = server.complaint();
        let port = line.strip_prefix("port ").and_then(|port| port.parse().ok());
        (server, port.unwrap_or_else(|| panic!("a port, and not {line:?}")))
    }

    /// The next line of standard error.
    pub(crate) fn complaint(&mut self) -> String {
        let line = self.complaints.recv_timeout(LIMIT);
        line.unwrap_or_else(|error| panic!("{}: {error} while it should complain", self.name))
    }

    /// The next line of standard output, without its end.
    pub(crate) fn line(&mut self) -> String {
        while !self.seen.contains('\n') && self.read() {}
        let (line, rest) = self.seen.split_once('\n').unwrap_or((&self.seen, ""));
        let (line, rest) = (line.to_owned(), rest.to_owned());
        self.seen = rest;
        line
    }

    pub(crate) fn type_in(&mut self, text: &str) {
        let input = self.input.as_mut().expect("the input is open");
        input.write_all(text.as_bytes()).expect("the program reads");
    }

    pub(crate) fn end_input(&mut self) {
        drop(self.input.take());
    }

    /// Waits until the program has printed `expected` and nothing else so far.
    pub(crate) fn prints(&mut self, expected: &str) {
        self.prints_as(expected, str::to_owned);
    }

    /// The same for what `look` makes of the output.
    pub(crate) fn prints_as(&mut self, expected: &str, look: impl Fn(&str) -> String) {
        while look(&self.seen) != expected && self.read() {}
        assert_eq!(look(&self.seen), expected, "{}", self.name);
    }

    /// Reads a little more; false at the end, or when nothing comes in time.
    fn read(&mut self) -> bool {
        match self.output.recv_timeout(LIMIT) {
            Ok(piece) => {
                self.seen.push_str(&String::from_utf8(piece).expect("the output is text"));
                true
            }
            Err(RecvTimeoutError::Disconnected) => false,
            Err(RecvTimeoutError::Timeout) => {
                panic!("{} says no more after {:?}", self.name, self.seen)
            }
        }
    }

    /// Ends the input, waits for the end of the program, and returns whether it ended well and
    /// all that it has printed.
    pub(crate) fn finish(mut self) -> (bool, String) {
        self.end_input();
        while self.read() {}
        let status = self.child.wait().expect("it is ours to wait for");
        (status.success(), std::mem::take(&mut self.seen))
    }

    /// Ends the program and asserts that it has printed nothing since it was looked at last.
    pub(crate) fn end(mut self) {
        let before = self.seen.clone();
        self.child.kill().expect("it is ours to kill");
        while self.read() {}
        assert_eq!(self.seen, before, "{}", self.name);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a client against the server at `port`, types `input`, and returns all that it prints.
pub(crate) fn client(who: Who, name: &str, port: u16, input: &str) -> String {
    let mut command = program(who, name);
    command.args(["127.0.0.1", &port.to_string()]);
    let mut client = Running::start(command);
    client.type_in(input);
    let name = client.name.clone();
    let (well, output) = client.finish();
    assert!(well, "{name} ended badly after {output:?}");
    output
}

/// Replaces the ports in addresses by names: `PORT` is the server's, the others are `PEER1`,
/// `PEER2` … in the order in which they come.
pub(crate) fn named_ports(text: &str, port: u16) -> String {
    const BEFORE: &str = "('127.0.0.1', ";
    let mut peers: Vec<u16> = Vec::new();
    let mut pieces = text.split(BEFORE);
    let mut named = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.find(|c: char| !c.is_ascii_digit()).unwrap_or(piece.len());
        named.push_str(BEFORE);
        match piece[..digits].parse() {
            Ok(found) if found == port => named.push_str("PORT"),
            Ok(found) => {
                let known = peers.iter().position(|peer| *peer == found);
                let index = known.unwrap_or_else(|| {
                    peers.push(found);
                    peers.len() - 1
                });
                named.extend(["PEER", &(index + 1).to_string()]);
            }
            Err(_) => {}
        }
        named.push_str(&piece[digits..]);
    }
    named
}
