//! The README's transcripts: each `console` block is typed as it stands, and must print what it shows.
//!
//! In a block `$ ` begins a command; one that ends with `&` is a server, of which the lines that it prints
//! before anybody calls it follow; `kill $!` ends it, and `# and the server has said` is followed by the rest of
//! what it printed. `…` stands for anything within a line, and a line of its own `…` for any lines. The ports of the README are
//! those of the lectures; here the system chooses them, and they are translated both ways. A ladder is
//! compared without its times and its geometry, which differ from run to run.

#![allow(clippy::print_stdout, reason = "says which transcript failed")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, PipeReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

const README: &str = include_str!("../../../README.md");

#[test]
fn every_transcript_is_what_the_program_prints() {
    let blocks = blocks(README);
    assert!(blocks.len() >= 8, "the README has lost its transcripts");
    for block in blocks {
        println!("{block}");
        Session::new().play(&block);
    }
}

#[test]
fn a_transcript_that_is_wrong_is_noticed() {
    assert!(matches(&["a … c", "…", "z"], &["a b c", "x", "y", "z"]));
    assert!(!matches(&["a … c"], &["a b d"]));
    assert!(!matches(&["a"], &["a", "b"]));
    assert!(!matches(&["a", "b"], &["a"]));
}

fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, from)) = rest.split_once("```console\n") {
        let (block, after) = from.split_once("```").expect("a block ends");
        blocks.push(block.to_owned());
        rest = after;
    }
    blocks
}

/// A directory, its servers, and which port stands for which.
struct Session {
    directory: tempfile::TempDir,
    /// The README's port, and the real one.
    ports: BTreeMap<String, String>,
    servers: Vec<Server>,
}

struct Server {
    child: Child,
    output: BufReader<PipeReader>,
    /// A second signal would cut what the first one lets finish.
    is_told: bool,
}

impl Server {
    fn end(&mut self) {
        if !self.is_told {
            kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
            self.is_told = true;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already where the block heard it out.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Session {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("there is a place for temporary files");
        Self { directory, ports: BTreeMap::new(), servers: Vec::new() }
    }

    fn play(mut self, block: &str) {
        let lines: Vec<&str> = block.lines().collect();
        let is_step = |line: &str| line.starts_with("$ ") || line.starts_with("# ");
        let mut at = 0;
        while at < lines.len() {
            let step = lines[at];
            let end = lines[at + 1..].iter().position(|line| is_step(line));
            let end = end.map_or(lines.len(), |n| at + 1 + n);
            let expected = &lines[at + 1..end];
            let printed = match step.strip_prefix("$ ") {
                None => self.hear_out(),
                Some("kill $!") => {
                    self.servers.last_mut().expect("a server was started").end();
                    String::new()
                }
                Some(command) => match command.strip_suffix(" &") {
                    Some(server) => self.start(server, expected),
                    None => self.run(command),
                },
            };
            let printed: Vec<&str> = printed.lines().collect();
            assert!(
                matches(expected, &printed),
                "{step}\nexpected {expected:#?}\nprinted {printed:#?}"
            );
            at = end;
        }
    }

    /// Starts a server on ports of the system's choice.
    fn start(&mut self, command: &str, expected: &[&str]) -> String {
        let (reader, writer) = std::io::pipe().expect("there is a pipe");
        let endpoints = expected.iter().filter_map(|line| line.strip_prefix("listening on "));
        let free = endpoints.clone().map(|endpoint| {
            let (host, _) = endpoint.rsplit_once(':').expect("an endpoint has a port");
            format!("{host}:0")
        });
        let is_endpoint = |word: &str| endpoints.clone().any(|endpoint| endpoint == word);
        let words: Vec<&str> = command.split_whitespace().collect();
        assert_eq!(words[0], "sock");
        let child = Command::new(env!("CARGO_BIN_EXE_sock"))
            .args(words[1..].iter().filter(|word| !is_endpoint(word)))
            .args(free)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(writer.try_clone().expect("a pipe has two ends"))
            .stderr(writer)
            .spawn()
            .expect("cargo builds the program beside its tests");
        let mut server = Server { child, output: BufReader::new(reader), is_told: false };
        let mut printed = String::new();
        for shown in expected {
            let mut line = String::new();
            server.output.read_line(&mut line).expect("a server says where it listens");
            printed += &line;
            let Some(endpoint) = shown.strip_prefix("listening on ") else { continue };
            let real = line.trim().rsplit(':').next().unwrap_or_default().to_owned();
            let shown = endpoint.rsplit(':').next().unwrap_or_default().to_owned();
            // Two transports with one port in the README may have two here.
            let port = if endpoint.starts_with("udp") { format!("udp {shown}") } else { shown };
            self.ports.insert(port, real);
        }
        self.servers.push(server);
        self.as_shown(&printed)
    }

    fn run(&self, command: &str) -> String {
        let program = Path::new(env!("CARGO_BIN_EXE_sock"));
        let path = std::env::var("PATH").expect("there is a path");
        let here = program.parent().expect("the program lies in a directory").display();
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("exec 2>&1\n{}", self.as_real(command)))
            .env("PATH", format!("{here}:{path}"))
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .output()
            .expect("there is a shell");
        let mut printed = String::from_utf8(output.stdout).expect("the program prints UTF-8");
        if let Some(code) = output.status.code().filter(|code| *code != 0) {
            printed.push_str(&["[exit ", &code.to_string(), "]\n"].concat());
        }
        self.as_shown(&printed)
    }

    /// Ends the last server, and tells what it had said.
    fn hear_out(&mut self) -> String {
        let mut server = self.servers.pop().expect("a server was started");
        server.end();
        let mut printed = String::new();
        server.output.read_to_string(&mut printed).expect("the program prints UTF-8");
        self.as_shown(&printed)
    }

    fn as_real(&self, command: &str) -> String {
        let is_udp = command.contains("udp:");
        self.ports.iter().fold(command.to_owned(), |text, (shown, real)| {
            match shown.strip_prefix("udp ") {
                Some(shown) if is_udp => text.replace(shown, real),
                None if !is_udp => text.replace(shown, real),
                _ => text,
            }
        })
    }

    fn as_shown(&self, printed: &str) -> String {
        self.ports.iter().fold(printed.to_owned(), |text, (shown, real)| {
            text.replace(&format!(":{real}"), &format!(":{}", shown.trim_start_matches("udp ")))
        })
    }
}

/// Whether the lines are those that are expected.
fn matches(expected: &[&str], printed: &[&str]) -> bool {
    match (expected, printed) {
        ([], []) => true,
        (["…", rest @ ..], _) => (0..=printed.len()).any(|n| matches(rest, &printed[n..])),
        ([line, expected @ ..], [first, printed @ ..]) => {
            is_like(line, first) && matches(expected, printed)
        }
        ([], _) | (_, []) => false,
    }
}

fn is_like(pattern: &str, line: &str) -> bool {
    if pattern.starts_with("  ") || pattern.contains(['│', '├']) {
        return ladder(pattern) == ladder(line);
    }
    match pattern.split_once('…') {
        None => pattern == line,
        Some((before, after)) => line.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices()
                .map(|(at, _)| at)
                .chain([rest.len()])
                .any(|at| is_like(after, &rest[at..]))
        }),
    }
}

/// A line of a ladder without its time and its client's port, and with each run of blanks or dashes as one.
fn ladder(line: &str) -> String {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    for word in &mut words {
        let port = word.strip_prefix("127.0.0.1:").and_then(|port| port.parse().ok());
        // The ports that the system chooses for clients; the lectures' own lie below, but for echo's.
        if port.is_some_and(|port: u16| port >= 32_768) {
            *word = "127.0.0.1:…";
        }
    }
    if words.get(1).is_some_and(|unit| ["µs", "ms", "s"].contains(unit)) {
        words.drain(..2);
    }
    let mut text = words.join(" ");
    while text.contains("──") {
        text = text.replace("──", "─");
    }
    text
}
