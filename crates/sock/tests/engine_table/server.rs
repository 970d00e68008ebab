//! The server program of the engine table, under a leash.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::client::Client;
use super::{DEADLINE, Transport, now};

pub(crate) struct ServerProcess {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    log: Receiver<String>,
    pub(crate) endpoint: String,
    /// Where its socket file lies, for as long as it may run.
    dir: Option<tempfile::TempDir>,
}

fn program() -> PathBuf {
    let mut path = std::env::current_exe().expect("a test knows where it is");
    path.pop();
    path.pop();
    path.join("examples/engine_server")
}

impl ServerProcess {
    pub(crate) fn start(engine: &str, service: &str, transport: Transport, more: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let endpoint = match transport {
            Transport::Tcp4 => "tcp://127.0.0.1:0".to_owned(),
            Transport::Tcp6 => "tcp://[::1]:0".to_owned(),
            Transport::Udp4 => "udp://127.0.0.1:0".to_owned(),
            Transport::Udp6 => "udp://[::1]:0".to_owned(),
            Transport::Unix => format!("unix:{}", path.display()),
            Transport::Tls => "tls://127.0.0.1:0".to_owned(),
            Transport::Unixgram => format!("unixgram:{}", path.display()),
        };
        let args = [&[engine, service], more, &[endpoint.as_str()]].concat();
        let mut server = Self::run(Command::new(program()).args(args));
        server.dir = Some(dir);
        server
    }

    /// Starts one at an endpoint of the test's choice.
    pub(crate) fn start_at(engine: &str, service: &str, at: &str, more: &[&str]) -> Self {
        Self::run(Command::new(program()).args([engine, service]).args(more).arg(at))
    }

    /// Starts one that may open so many descriptors.
    pub(crate) fn start_limited(engine: &str, at: &str, descriptors: u32, more: &[&str]) -> Self {
        Self::start_under(&format!("ulimit -n {descriptors}"), engine, at, more)
    }

    /// The same, or none if it does not come to listen.
    pub(crate) fn try_limited(
        engine: &str,
        at: &str,
        descriptors: u32,
        more: &[&str],
    ) -> Option<Self> {
        let mut shell = Self::shell(&format!("ulimit -n {descriptors}"), engine, at, more);
        Self::try_run(&mut shell).ok()
    }

    /// Starts one after a command of the shell.
    pub(crate) fn start_under(command: &str, engine: &str, at: &str, more: &[&str]) -> Self {
        Self::run(&mut Self::shell(command, engine, at, more))
    }

    fn shell(command: &str, engine: &str, at: &str, more: &[&str]) -> Command {
        let script = format!("{command}; exec \"$0\" \"$@\"");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).arg(program()).args([engine, "echo"]).args(more).arg(at);
        shell
    }

    fn run(command: &mut Command) -> Self {
        Self::try_run(command).unwrap_or_else(|said| panic!("{command:?} did not listen: {said:?}"))
    }

    /// Starts one, or tells what it said that did not listen.
    fn try_run(command: &mut Command) -> Result<Self, Vec<String>> {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("cargo builds the examples beside the tests");
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let log = lines(child.stderr.take().unwrap());
        let mut endpoint = String::new();
        stdout.read_line(&mut endpoint).unwrap();
        let endpoint = endpoint.trim().to_owned();
        if endpoint.is_empty() {
            // It has ended already; nobody else waits for it.
            let _ = child.wait();
            return Err(log.iter().collect());
        }
        Ok(Self { child, stdout: Some(stdout), log, endpoint, dir: None })
    }

    /// What a server says that cannot listen.
    pub(crate) fn refusal(engine: &str, at: &str, more: &[&str]) -> String {
        Self::refusal_of(engine, "echo", at, more)
    }

    pub(crate) fn refusal_of(engine: &str, service: &str, at: &str, more: &[&str]) -> String {
        let mut command = Command::new(program());
        let output = command.args([engine, service]).args(more).arg(at).output().unwrap();
        assert!(!output.status.success(), "{engine} {at} listens");
        String::from_utf8(output.stderr).unwrap()
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Asks it to end, as a user does, and waits until the signal has come: a second one that comes
    /// before that would be one with the first.
    pub(crate) fn ask(&self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
        let path = format!("/proc/{}/status", self.pid().as_raw_nonzero());
        let is_pending = || {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("ShdPnd:\t"));
            line.is_some_and(|mask| mask.bytes().any(|digit| digit != b'0'))
        };
        while is_pending() {
            std::thread::yield_now();
        }
    }

    /// Does something while none of its processes runs, so that it finds all of it at once.
    pub(crate) fn while_held<T>(&self, act: impl FnOnce() -> T) -> T {
        let send = |signal| {
            for pid in self.processes() {
                kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
            }
        };
        send(Signal::STOP);
        let done = act();
        send(Signal::CONT);
        done
    }

    /// Waits for the next line of its log in which this stands.
    pub(crate) fn says(&self, what: &str) -> String {
        let until = now() + DEADLINE;
        loop {
            let left = until.saturating_duration_since(now());
            match self.log.recv_timeout(left) {
                Ok(line) if line.contains(what) => return line,
                Ok(_) => {}
                Err(why) => panic!("the server never said '{what}': {why}"),
            }
        }
    }

    /// All the lines of its log that come within a time.
    pub(crate) fn says_within(&self, time: Duration) -> Vec<String> {
        let until = now() + time;
        let next = || self.log.recv_timeout(until.saturating_duration_since(now())).ok();
        std::iter::from_fn(next).collect()
    }

    /// Its processes: itself and its children.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let pid = self.pid().as_raw_nonzero().get();
        let path = format!("/proc/{pid}/task/{pid}/children");
        let children = std::fs::read_to_string(path).unwrap_or_default();
        let children = children.split_ascii_whitespace().map(|child| child.parse().unwrap());
        std::iter::once(pid).chain(children).collect()
    }

    /// Anonymous memory in bytes, of all its processes together.
    pub(crate) fn anonymous_memory(&self) -> u64 {
        let memory = |pid| -> u64 {
            // A page that a child still shares with its parent is there once, and counts once.
            let path = format!("/proc/{pid}/smaps_rollup");
            let text = std::fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find_map(|line| line.strip_prefix("Pss_Anon:"));
            let words = line.map(str::split_ascii_whitespace);
            words.and_then(|mut words| words.next()?.parse().ok()).unwrap_or(0)
        };
        self.processes().into_iter().map(memory).sum::<u64>() * 1024
    }

    /// Time that all its processes together have spent on a processor.
    pub(crate) fn processor_time(&self) -> Duration {
        let ticks = |pid| -> u64 {
            let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // After the name in brackets, which may have anything in it, utime is the 12th word.
            let rest = text.rsplit_once(')').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
            let words: Vec<u64> =
                rest.split_ascii_whitespace().skip(11).take(2).flat_map(str::parse).collect();
            words.iter().sum()
        };
        let ticks: u64 = self.processes().into_iter().map(ticks).sum();
        // A tick is 10 ms wherever Linux is seen from a program (USER_HZ).
        Duration::from_millis(ticks * 10)
    }

    /// Waits until connections are refused: it has seen that it was asked.
    pub(crate) fn no_longer_listens(&self, transport: Transport) {
        until_refused(transport, &self.endpoint);
    }

    /// The next endpoint where it listens, if it has several.
    pub(crate) fn next_endpoint(&mut self) -> String {
        let mut endpoint = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut endpoint).unwrap();
        endpoint.trim().to_owned()
    }

    pub(crate) fn stop(self) -> String {
        self.ask();
        self.wait()
    }

    /// Waits for its end, which must be a good one and come in time; tells what it counted.
    pub(crate) fn wait(self) -> String {
        self.wait_and(|| {})
    }

    /// The same, and then looks at something before the temporary directory goes.
    pub(crate) fn wait_and(mut self, look: impl FnOnce()) -> String {
        let rest = self.ended();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}: {rest:?}");
        look();
        rest.trim().to_owned()
    }

    /// Kills it outright.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Waits until none of its processes is left: each of them holds its standard output.
    pub(crate) fn ended(&mut self) -> String {
        let mut stdout = self.stdout.take().unwrap();
        let (tell, told) = channel();
        std::thread::spawn(move || {
            let mut rest = String::new();
            let read = stdout.read_to_string(&mut rest).map(|_| rest);
            // The receiver is gone only if the deadline has passed.
            let _ = tell.send(read);
        });
        told.recv_timeout(DEADLINE).expect("the server ends when it is asked to").unwrap()
    }
}

/// Waits until nobody listens there any more.
pub(crate) fn until_refused(transport: Transport, at: &str) {
    let began = now();
    while !Client::is_refused(transport, at) {
        assert!(began.elapsed() < DEADLINE, "{at} listens on");
        std::thread::yield_now();
    }
}

/// Reads lines as they come, so that nobody who writes them ever waits.
fn lines(stderr: ChildStderr) -> Receiver<String> {
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            // The test may want no more of them.
            let _ = tell.send(line);
        }
    });
    told
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It has ended already, unless a test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
