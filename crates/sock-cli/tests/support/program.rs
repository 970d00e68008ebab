//! A running program: what it is told, what it says, how it ends.

use std::io::{Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::spawn;
use std::time::Duration;

use rustix::process::{Signal, kill_process};

use super::LIMIT;
use super::leash::Leash;

/// A program that runs, with its three streams.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    stdin: Option<ChildStdin>,
    stdout: Stream,
    stderr: Stream,
    leash: Leash,
}

/// What is left of a program that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    name: String,
    status: ExitStatus,
    /// What it wrote that nobody had taken yet.
    pub(crate) stdout: Vec<u8>,
    /// The same, of the other stream.
    pub(crate) stderr: String,
}

impl Program {
    /// Starts the program in a process group of its own.
    pub(crate) fn start(command: Command) -> Self {
        Self::start_for(LIMIT, command)
    }

    /// The same with another limit to its life.
    pub(crate) fn start_for(limit: Duration, mut command: Command) -> Self {
        let name = format!("{command:?}");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Who knows no home asks for it through a socket, and a trace has what nobody here thought of.
        if std::env::var_os("HOME").is_none() {
            command.env("HOME", "/");
        }
        let mut child = command.process_group(0).spawn().unwrap_or_else(|e| panic!("{name}: {e}"));
        let stdin = child.stdin.take();
        let stdout = Stream::of(child.stdout.take().expect("a pipe was asked for"));
        let stderr = Stream::of(child.stderr.take().expect("a pipe was asked for"));
        Self { name, stdin, stdout, stderr, leash: Leash::new(child, limit) }
    }

    /// Starts the program, gives it `input` and the end of it, and waits until it has ended.
    pub(crate) fn run(command: Command, input: &[u8]) -> Finished {
        let mut program = Self::start(command);
        program.say(input);
        program.finish()
    }

    /// The process's number.
    pub(crate) fn pid(&self) -> i32 {
        self.leash.pid().as_raw_nonzero().get()
    }

    /// Writes to the program's standard input.
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        let Some(stdin) = &mut self.stdin else { panic!("{}: its input has ended", self.name) };
        if let Err(error) = stdin.write_all(bytes) {
            self.fail(&format!("it reads no more: {error}"));
        }
    }

    /// Ends the program's standard input.
    pub(crate) fn end(&mut self) {
        self.stdin = None;
    }

    /// The next line of standard output, without its end.
    pub(crate) fn line(&mut self) -> String {
        self.stdout.line().unwrap_or_else(|| self.fail("no line came"))
    }

    /// The next line of standard output, or nothing where that has ended.
    pub(crate) fn line_or_end(&mut self) -> Option<String> {
        self.stdout.line()
    }

    /// The next bytes of standard output up to one that is `end`, without it.
    pub(crate) fn until(&mut self, end: u8) -> Vec<u8> {
        self.stdout.until(end).unwrap_or_else(|| self.fail("no more came"))
    }

    /// The next line of standard error, without its end.
    pub(crate) fn error_line(&mut self) -> String {
        self.stderr.line().unwrap_or_else(|| self.fail("no line came on stderr"))
    }

    /// The next line of standard error that holds `words`; those before it are dropped.
    pub(crate) fn error_line_with(&mut self, words: &str) -> String {
        loop {
            let line = self.error_line();
            if line.contains(words) {
                return line;
            }
        }
    }

    /// The next `n` bytes of standard output.
    pub(crate) fn exactly(&mut self, n: usize) -> Vec<u8> {
        let bytes = self.stdout.exactly(n);
        bytes.unwrap_or_else(|| self.fail(&format!("fewer than {n} bytes came")))
    }

    /// Waits for the end of standard output, while the program may live on; returns what came before it.
    pub(crate) fn until_end(&mut self) -> Vec<u8> {
        let rest = self.stdout.rest();
        assert!(!self.leash.was_pulled(), "{}: its output did not end", self.name);
        rest
    }

    /// Sends the program a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.leash.pid(), signal).unwrap_or_else(|e| panic!("{}: {e}", self.name));
    }

    /// Ends the program's input and waits until it has ended too.
    pub(crate) fn finish(mut self) -> Finished {
        self.end();
        let stdout = self.stdout.rest();
        let stderr = String::from_utf8_lossy(&self.stderr.rest()).into_owned();
        let status = self.leash.wait();
        assert!(
            !self.leash.was_pulled(),
            "{}: it did not end\nstdout: {}\nstderr: {stderr}",
            self.name,
            String::from_utf8_lossy(&stdout)
        );
        Finished { name: self.name, status, stdout, stderr }
    }

    /// Fails the test with what the program has said that nobody took.
    fn fail(&mut self, what: &str) -> ! {
        let [out, err] = [&mut self.stdout, &mut self.stderr].map(|stream| {
            stream.take_what_is_there();
            String::from_utf8_lossy(&stream.buf).into_owned()
        });
        let end = if self.leash.was_pulled() { "\nit was ended: it lived too long" } else { "" };
        panic!("{}: {what}\nstdout: {out}\nstderr: {err}{end}", self.name)
    }
}

impl Finished {
    /// The exit status; a signal counts as 128 and its number.
    pub(crate) fn code(&self) -> i32 {
        let signal = || 128 + self.status.signal().unwrap_or_default();
        self.status.code().unwrap_or_else(signal)
    }

    /// The signal that ended it, if one did.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// Asserts the exit status, and shows what was said where it is another.
    #[track_caller]
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(
            self.code(),
            code,
            "{}\nstdout: {}\nstderr: {}",
            self.name,
            self.text(),
            self.stderr
        );
        self
    }

    /// Standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
}

/// One of a program's outputs: a thread reads it, so that no program waits for its reader.
#[derive(Debug)]
struct Stream {
    arriving: Receiver<Vec<u8>>,
    buf: Vec<u8>,
}

impl Stream {
    fn of(mut pipe: impl Read + Send + 'static) -> Self {
        let (send, arriving) = channel();
        spawn(move || {
            let mut buf = vec![0; 1 << 16];
            while let Ok(n @ 1..) = pipe.read(&mut buf) {
                if send.send(buf[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { arriving, buf: Vec::new() }
    }

    /// Waits until more has come; false at the end.
    fn more(&mut self) -> bool {
        match self.arriving.recv() {
            Ok(bytes) => {
                self.buf.extend(bytes);
                true
            }
            Err(_) => false,
        }
    }

    fn line(&mut self) -> Option<String> {
        let line = self.until(b'\n')?;
        Some(String::from_utf8_lossy(&line).trim_end_matches('\r').into())
    }

    fn until(&mut self, end: u8) -> Option<Vec<u8>> {
        let mut seen = 0;
        loop {
            if let Some(at) = self.buf[seen..].iter().position(|b| *b == end) {
                let mut line: Vec<u8> = self.buf.drain(..=seen + at).collect();
                line.pop();
                return Some(line);
            }
            seen = self.buf.len();
            if !self.more() {
                return None;
            }
        }
    }

    fn exactly(&mut self, n: usize) -> Option<Vec<u8>> {
        while self.buf.len() < n {
            if !self.more() {
                return None;
            }
        }
        Some(self.buf.drain(..n).collect())
    }

    fn rest(&mut self) -> Vec<u8> {
        while self.more() {}
        std::mem::take(&mut self.buf)
    }

    fn take_what_is_there(&mut self) {
        self.buf.extend(self.arriving.try_iter().flatten());
    }
}
